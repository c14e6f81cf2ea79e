import { deepEqual, equal } from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { type ReplicaSign, Replicas } from '../../../../control-plane/leader/replicas.ts';
import { packJson, unpackJson } from '../../../../control-plane/state/packed-json.ts';
import type { Rollout } from '../../../../control-plane/xds/rollouts.ts';
import { type ManualClock, manualClock } from '../../../support/manual-clock.ts';
import { PlainMessages } from '../../../support/plain-messages.ts';
import { quietLogger } from '../../../support/quiet-logger.ts';
import { until } from '../../../support/until.ts';

const node = (name: string, connected: boolean, appliedAtMs = 0) => ({
  node: name,
  connected,
  version: 'v1',
  appliedAtMs,
  upToDate: connected,
  nacks: [],
});
const rollout = (revision: number, nodesTotal: number, nodesApplied: number, p99Ms = 0): Rollout => ({
  revision,
  nodesTotal,
  nodesApplied,
  p50Ms: 0,
  p99Ms,
  nacks: [],
});
const sign = (name: string, more: Partial<ReplicaSign> = {}): ReplicaSign => ({
  replica: name,
  process: `${name}-1`,
  epoch: null,
  nodes: [],
  rollout: null,
  ...more,
});

describe('Replicas', () => {
  let clock: ManualClock;
  let messages: PlainMessages;
  let own: ReplicaSign;
  let replicas: Replicas;

  const hear = async (other: ReplicaSign): Promise<void> =>
    messages.deliver({ subject: 'capmesh.v1.replicas.shop.*', data: await packJson(other) });

  beforeEach(() => {
    clock = manualClock(0);
    messages = new PlainMessages();
    own = sign('a');
    replicas = new Replicas({
      connection: messages.connection,
      mesh: 'shop',
      bytesMax: 10_000,
      clock,
      logger: quietLogger,
      own: () => own,
    });
  });
  afterEach(() => replicas.stop());

  it('knows who lives, by signs that are not too old', async () => {
    await hear(sign('b', { epoch: 4 }));
    await hear(sign('a'));
    deepEqual(
      replicas.all().map(({ replica, epoch }) => [replica, epoch]),
      [
        ['a', null],
        ['b', 4],
      ],
    );
    clock.advance(3600);
    equal(replicas.all().length, 1);
  });

  it('counts those that fell silent, for ten minutes or until they leave', async () => {
    await hear(sign('b'));
    await hear(sign('b', { process: 'b-2' }));
    await hear(sign('c'));
    equal(replicas.memberCount(), 3, 'a replica that was started anew is the same one');
    clock.advance(3600);
    deepEqual([replicas.all().length, replicas.memberCount()], [1, 3]);
    await hear(sign('c', { leaves: true }));
    equal(replicas.memberCount(), 2);
    clock.advance(600_000);
    equal(replicas.memberCount(), 1);
  });

  it('tells a change, and nothing where nothing has changed', async () => {
    await until(() => messages.sent.length === 1);
    replicas.changed();
    await new Promise((resolve) => setTimeout(resolve, 30));
    own = sign('a', { epoch: 7 });
    replicas.changed();
    await until(() => messages.sent.length > 1);
    deepEqual(await unpackJson(messages.sent[1]?.data ?? new Uint8Array()), own);
  });

  it('says that it leaves', async () => {
    await replicas.stop();
    const last = messages.sent.at(-1);
    equal(last?.subject, 'capmesh.v1.replicas.shop.a');
    deepEqual(await unpackJson(last?.data ?? new Uint8Array()), { ...own, leaves: true });
  });

  it('takes the word on a node of the replica that it is connected to', async () => {
    own = sign('a', { nodes: [node('node-1', false, 9), node('node-2', false, 5)] });
    await hear(sign('b', { nodes: [node('node-1', true), node('node-2', false, 7)] }));
    const nodes = replicas.nodes().map(({ node: name, connected, appliedAtMs }) => [name, connected, appliedAtMs]);
    deepEqual(nodes, [
      ['node-1', true, 0],
      ['node-2', false, 7],
    ]);
  });

  it('adds up how far an edit has got; a replica that has not come to it has its nodes before it', async () => {
    own = sign('a', { rollout: rollout(7, 2, 2, 5) });
    await hear(sign('b', { rollout: rollout(7, 3, 1, 9), nodes: [node('node-3', true)] }));
    await hear(sign('c', { rollout: rollout(6, 1, 1), nodes: [node('node-6', true), node('node-7', false)] }));
    deepEqual(replicas.rollout(7), rollout(7, 6, 3, 9));
    equal(replicas.rollout(8), null);
  });
});
