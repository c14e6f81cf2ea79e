import { deepEqual, equal, rejects } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Turns } from '../../../../control-plane/state/turns.ts';

describe('Turns', () => {
  it('lets so many in at once, the others in order, also after one that fails', async () => {
    const turns = new Turns(2);
    const begun: number[] = [];
    const ends: ((error?: Error) => void)[] = [];
    const work = (index: number) =>
      turns.take(() => {
        begun.push(index);
        return new Promise<number>((resolve, reject) => {
          ends[index] = (error) => (error === undefined ? resolve(index) : reject(error));
        });
      });
    const [first, second, third, fourth] = [0, 1, 2, 3].map(work);
    await Promise.resolve();
    deepEqual(begun, [0, 1]);
    ends[1]?.(new Error('failed'));
    await rejects(second ?? Promise.resolve(), /failed/);
    deepEqual(begun, [0, 1, 2]);
    ends[2]?.();
    equal(await third, 2);
    ends[0]?.();
    equal(await first, 0);
    deepEqual(begun, [0, 1, 2, 3]);
    ends[3]?.();
    equal(await fourth, 3);
  });
});
