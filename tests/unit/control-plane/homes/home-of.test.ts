import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { homeOf, type ReplicaProcess } from '../../../../control-plane/homes/home-of.ts';

const replica = (name: string, process = `${name}-1`): ReplicaProcess => ({ replica: name, process });
const WORKLOADS = Array.from({ length: 900 }, (_, index) => `w-${index}`);
const homes = (replicas: readonly ReplicaProcess[]) => WORKLOADS.map((workload) => homeOf(workload, replicas)?.replica);

describe('homeOf', () => {
  const [a, b, c] = [replica('a'), replica('b'), replica('c')];

  it('is the same for everybody, in whatever order replicas are known', () => {
    deepEqual(homes([c, a, b]), homes([a, b, c]));
  });

  it('gives each replica about its part of the accounts', () => {
    for (const name of ['a', 'b', 'c']) {
      const count = homes([a, b, c]).filter((home) => home === name).length;
      ok(count > 240 && count < 360, `${name} has ${count}`);
    }
  });

  it('moves only the accounts of a replica that leaves, and only to one that comes', () => {
    const [before, without] = [homes([a, b, c]), homes([a, c])];
    for (const [index, home] of before.entries()) {
      if (home !== 'b') equal(without[index], home);
      else ok(without[index] !== 'b');
    }
    const after = homes([a, b, c, replica('d')]);
    const moved = after.filter((home, index) => home !== before[index]);
    deepEqual([...new Set(moved)], ['d']);
  });

  it('is the newest process of a replica that was started anew, and null where there is nobody', () => {
    equal(homeOf('w', [replica('a', 'a-1'), replica('a', 'a-2')])?.process, 'a-2');
    equal(homeOf('w', []), null);
  });
});
