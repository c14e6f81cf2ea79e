import assert from 'node:assert/strict';
import { NodeRecord } from '../../../../control-plane/xds/node-record.ts';
import type { XdsReply, XdsRequest } from '../../../../control-plane/xds/wire.ts';
import { XdsSession } from '../../../../control-plane/xds/xds-session.ts';
import type { CapacityPlan } from '../../../../core/allocators/capacity-plan.ts';
import { buildSnapshot } from '../../../../envoy/render-plan.ts';
import { runtimeResource } from '../../../../envoy/runtime-layer.ts';
import { type Snapshot, withSet } from '../../../../envoy/snapshot.ts';
import { RESOURCE_TYPES as TYPES } from '../../../../envoy/type-urls.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { edgePlan, planOf, servicePlan } from '../../../support/plans.ts';

const snapshotOf = (plan: CapacityPlan, layer: Record<string, number> = {}): Snapshot =>
  withSet(buildSnapshot(plan), TYPES.runtime, [runtimeResource(layer)]);
const plan = planOf(servicePlan('payment', { edges: [edgePlan('checkout', 'payment')] }));

/** One session with a hand-moved clock and a port that writes down what happens. */
function start() {
  const clock = manualClock(0);
  const written: XdsReply[] = [];
  const told = { failed: [] as string[], settled: [] as string[], wakeMs: [] as number[] };
  const port = { isFree: true };
  const session = new XdsSession(
    'delta',
    new NodeRecord('node-1'),
    {
      write: (reply) => {
        written.push(reply);
        return port.isFree;
      },
      wakeAfter: (ms) => told.wakeMs.push(ms),
      settled: (version) => told.settled.push(version),
      nacked: () => {},
      fail: (reason) => told.failed.push(reason),
    },
    clock,
    { stageMs: 2_000, answerMs: 30_000 },
  );
  const request = (typeUrl: string, rest: Partial<XdsRequest> = {}): void =>
    session.receive({
      node: undefined,
      typeUrl,
      nonce: '',
      refusal: null,
      subscribe: [],
      unsubscribe: [],
      names: null,
      initialVersions: {},
      ...rest,
    });
  const acknowledge = ({ typeUrl, nonce }: XdsReply): void => request(typeUrl, { nonce });
  const types = () => written.map(({ typeUrl }) => typeUrl);
  return { clock, written, told, port, session, request, acknowledge, types };
}

describe('XdsSession', () => {
  it('writes nothing more while the stream is full', () => {
    const { written, port, session, request, types } = start();
    port.isFree = false;
    session.publish(snapshotOf(plan));
    request(TYPES.runtime, { subscribe: ['capmesh'] });
    request(TYPES.cluster);
    session.publish(snapshotOf(plan, { a: 1 }));
    assert.deepEqual(types(), [TYPES.runtime]);
    port.isFree = true;
    session.drained();
    request(TYPES.runtime, { nonce: written[0]?.nonce ?? '' });
    assert.deepEqual(types(), [TYPES.runtime, TYPES.runtime], 'the newest layer');
    request(TYPES.runtime, { nonce: written[1]?.nonce ?? '' });
    assert.deepEqual(types(), [TYPES.runtime, TYPES.runtime, TYPES.cluster]);
  });

  it('sends many changed clusters in slices of 500, each after the one before is acknowledged', () => {
    const { written, session, request, acknowledge } = start();
    const edges = Array.from({ length: 1_100 }, (_, index) => edgePlan(`w${index}`, 'payment'));
    session.publish(snapshotOf(planOf(servicePlan('payment', { edges }))));
    request(TYPES.cluster);
    const sizes: number[] = [];
    for (let next = written.at(-1); next?.typeUrl === TYPES.cluster; next = written[sizes.length]) {
      sizes.push(next.changes.length);
      acknowledge(next);
    }
    assert.deepEqual(sizes, [500, 500, 101]);
  });

  it('lets a later type pass after 2 s, and gives a client up that does not answer for 30 s', () => {
    const { clock, told, session, request, types } = start();
    session.publish(snapshotOf(plan));
    request(TYPES.cluster);
    request(TYPES.listener);
    assert.deepEqual(types(), [TYPES.cluster]);
    clock.advance(1_999);
    session.flush();
    assert.deepEqual(types(), [TYPES.cluster]);
    clock.advance(1);
    session.flush();
    // The endpoints that the clusters need have not been asked for: they get 2 s as well.
    clock.advance(2_000);
    session.flush();
    assert.deepEqual(types(), [TYPES.cluster, TYPES.listener]);
    assert.ok(told.wakeMs.every((ms) => ms > 0 && ms <= 30_000));
    clock.advance(25_999);
    session.flush();
    assert.deepEqual(told.failed, []);
    clock.advance(1);
    session.flush();
    assert.equal(told.failed.length, 1);
    assert.deepEqual(told.settled, [], 'it never had everything');
  });

  it('settles once everything that there is has been asked for and acknowledged', () => {
    const { written, told, session, request, acknowledge } = start();
    const snapshot = snapshotOf(plan);
    session.publish(snapshot);
    const named: Record<string, string[]> = {
      [TYPES.runtime]: ['capmesh'],
      [TYPES.endpoints]: ['payment'],
      [TYPES.routes]: ['payment'],
    };
    for (const typeUrl of Object.values(TYPES)) {
      assert.deepEqual(told.settled, []);
      request(typeUrl, { subscribe: named[typeUrl] ?? [] });
      const reply = written.at(-1) as XdsReply;
      assert.equal(reply.typeUrl, typeUrl);
      acknowledge(reply);
    }
    assert.deepEqual(told.settled, [snapshot.version]);
    assert.equal(written.length, 6);
  });

  it('ignores types that it does not serve', () => {
    const { written, session, request } = start();
    session.publish(snapshotOf(plan));
    request('type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret');
    assert.equal(written.length, 0);
  });
});
