import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import type { Nack } from '../../../control-plane/xds/nack.ts';
import { XdsServer } from '../../../control-plane/xds/xds-server.ts';
import type { CapacityPlan } from '../../../core/allocators/capacity-plan.ts';
import { buildSnapshot } from '../../../envoy/render-plan.ts';
import { runtimeResource } from '../../../envoy/runtime-layer.ts';
import { RESOURCE_TYPES as TYPES } from '../../../envoy/type-urls.ts';
import { systemClock } from '../../../platform/clock.ts';
import { ClusterLoadAssignment } from '../../../proto/gen/envoy/config/endpoint/v3/endpoint.ts';
import { Listener } from '../../../proto/gen/envoy/config/listener/v3/listener.ts';
import {
  type AdsStream,
  deltaRequest,
  deltaStream,
  serveXds,
  sotwRequest,
  sotwStream,
  type XdsEndpoint,
} from '../../support/ads-client.ts';
import { FakeEnvoy, type FakeEnvoyOptions } from '../../support/fake-envoy.ts';
import { edgePlan, planOf, servicePlan } from '../../support/plans.ts';
import { quietLogger } from '../../support/quiet-logger.ts';
import { until } from '../../support/until.ts';

const payment = (backstopTokens = 30) =>
  servicePlan('payment', {
    edges: [
      edgePlan('checkout', 'payment', {
        backstop: { maxTokens: backstopTokens, tokensPerFill: 12, fillIntervalMs: 100 },
      }),
    ],
  });
const CHECKOUT_PAYMENT = 'edge/checkout/payment';
const inventory = servicePlan('inventory', {
  endpoints: ['127.0.0.1:9102'],
  edges: [edgePlan('checkout', 'inventory')],
});

for (const mode of ['delta', 'sotw'] as const) {
  describe(`xDS server, ${mode}`, () => {
    let xds: XdsServer;
    let endpoint: XdsEndpoint;
    let refused: Nack[];
    let behindMs: number[];
    const clients: FakeEnvoy[] = [];
    let revision = 0;

    beforeEach(async () => {
      refused = [];
      behindMs = [];
      revision = 0;
      xds = new XdsServer({
        clock: systemClock,
        logger: quietLogger,
        onNack: (nack) => refused.push(nack),
        onApplied: (ms) => behindMs.push(ms),
        times: { stageMs: 500, answerMs: 5_000 },
        routeIntervalMs: 100,
      });
      endpoint = await serveXds(xds);
    });

    afterEach(() => {
      for (const client of clients.splice(0)) client.close();
      endpoint.stop();
    });

    const openStream = (address: string) =>
      (mode === 'delta' ? deltaStream(address) : sotwStream(address)) as AdsStream<unknown, unknown>;
    const request = mode === 'delta' ? deltaRequest : sotwRequest;
    const connect = (options: Omit<FakeEnvoyOptions, 'mode'> = {}): FakeEnvoy => {
      const client = new FakeEnvoy(endpoint.address, { mode, ...options });
      clients.push(client);
      return client;
    };
    const publish = (plan: CapacityPlan, edited = true): number => {
      revision += 1;
      xds.publish(buildSnapshot(plan), { revision, edited });
      return revision;
    };
    const upToDate = (node = 'node-1') => xds.nodes().some((each) => each.node === node && each.upToDate);
    /** A change of the runtime layer is seen by a client at once: what came before it was everything. */
    let marks = 0;
    const everythingSo = async (client: FakeEnvoy): Promise<void> => {
      marks += 1;
      const before = client.log.length;
      xds.publishRuntime(runtimeResource({ mark: marks }));
      await client.until(() => client.log.slice(before).some(({ typeUrl }) => typeUrl === TYPES.runtime));
    };

    it('answers nothing before the first snapshot, then everything in order', async () => {
      const client = connect();
      publish(planOf(payment(), inventory));
      await client.until(() => client.names(TYPES.routes).length === 2);
      const firsts = [...new Set(client.log.map(({ typeUrl }) => typeUrl))];
      assert.deepEqual(firsts[0], TYPES.runtime, 'an empty layer is an answer too');
      assert.deepEqual(firsts[1], TYPES.cluster);
      assert.deepEqual(client.names(TYPES.cluster), [
        'edge/checkout/inventory',
        'edge/checkout/payment',
        'edge/~unverified/inventory',
        'edge/~unverified/payment',
      ]);
      assert.deepEqual(client.names(TYPES.endpoints), ['inventory', 'payment']);
      assert.deepEqual(client.names(TYPES.listener), ['mesh']);
      assert.deepEqual(client.names(TYPES.scopedRoutes), ['inventory', 'payment']);
      await until(() => upToDate());
    });

    it('pushes nothing for a snapshot with the same content', async () => {
      publish(planOf(payment()));
      const client = connect();
      await until(() => upToDate());
      const count = client.log.length;
      const again = publish(planOf(payment()));
      await everythingSo(client);
      assert.deepEqual(client.since(count), [TYPES.runtime]);
      assert.deepEqual(
        { ...(await xds.whenRolledOut(again, 5_000)), p50Ms: 0, p99Ms: 0 },
        { revision: again, nodesTotal: 1, nodesApplied: 1, p50Ms: 0, p99Ms: 0, nacks: [] },
      );
    });

    it('measures once for each change how long a node was behind, and notes when it had caught up', async () => {
      publish(planOf(payment()));
      const startMs = systemClock.wallMs();
      const client = connect();
      await until(() => upToDate());
      assert.equal(behindMs.length, 1);
      const changedMs = performance.now();
      await everythingSo(client);
      await until(() => behindMs.length === 2);
      assert.ok((behindMs[1] ?? 0) <= performance.now() - changedMs, 'it counts from this change on');
      const [node] = xds.nodes();
      assert.ok((node?.appliedAtMs ?? 0) >= startMs && (node?.appliedAtMs ?? 0) <= systemClock.wallMs());
      publish(planOf(payment()));
      await everythingSo(client);
      await until(() => behindMs.length === 3);
      assert.ok(behindMs.every((ms) => ms >= 0 && ms < 5_000));
    });

    it('sends only the route table of the service whose budget was edited', async () => {
      publish(planOf(payment(), inventory));
      const client = connect();
      await until(() => upToDate());
      const count = client.log.length;
      const rollout = await xds.whenRolledOut(publish(planOf(payment(31), inventory)), 5_000);
      assert.equal(rollout?.nodesApplied, 1);
      assert.deepEqual(client.since(count), [TYPES.routes]);
      if (mode === 'delta') assert.deepEqual(client.log.at(-1)?.names, ['payment']);
    });

    it('sends endpoints again after a changed cluster, though they are the same', async () => {
      publish(planOf(payment(), inventory));
      const client = connect();
      await until(() => upToDate());
      const count = client.log.length;
      await xds.whenRolledOut(publish(planOf({ ...payment(), timeoutMs: 700 }, inventory)), 5_000);
      assert.deepEqual(client.since(count), [TYPES.cluster, TYPES.endpoints, TYPES.routes]);
      if (mode === 'delta') {
        assert.deepEqual(client.log[count]?.names, ['edge/checkout/payment', 'edge/~unverified/payment']);
        assert.deepEqual(client.log[count + 1]?.names, ['payment']);
      }
    });

    it('makes before it breaks', async () => {
      publish(planOf(payment()));
      const client = connect();
      await until(() => upToDate());
      const count = client.log.length;
      const rollout = await xds.whenRolledOut(publish(planOf(inventory)), 5_000);
      assert.equal(rollout?.nodesApplied, 1);
      const story = client.log.slice(count).map((received) => ({
        type: received.typeUrl,
        hasOld: received.names.some((name) => name.includes('payment')),
        hasNew: received.names.some((name) => name.includes('inventory')),
        removes: received.removed.length > 0,
      }));
      const indexOf = (type: string, which: (step: (typeof story)[number]) => boolean) =>
        story.findIndex((step) => step.type === type && which(step));
      const newClusters = indexOf(TYPES.cluster, ({ hasNew }) => hasNew);
      const newRoutes = indexOf(TYPES.routes, ({ hasNew }) => hasNew);
      const gone = ({ hasOld, removes }: (typeof story)[number]) => (mode === 'delta' ? removes : !hasOld);
      const scopeGone = indexOf(TYPES.scopedRoutes, gone);
      const clustersGone = indexOf(TYPES.cluster, gone);
      assert.ok(newClusters >= 0 && newClusters < newRoutes, JSON.stringify(story));
      assert.ok(newRoutes < scopeGone && scopeGone < clustersGone, JSON.stringify(story));
      assert.deepEqual(client.names(TYPES.cluster), ['edge/checkout/inventory', 'edge/~unverified/inventory']);
    });

    it('moves the runtime layer without touching anything else', async () => {
      publish(planOf(payment()));
      const client = connect();
      await until(() => upToDate());
      const count = client.log.length;
      await everythingSo(client);
      assert.deepEqual(client.since(count), [TYPES.runtime]);
      await until(() => upToDate());
    });

    it('sends route tables that nobody edited later, the newest only, and everything else at once', async () => {
      publish(planOf(payment()));
      const client = connect();
      await until(() => upToDate());
      const count = client.log.length;
      for (const tokens of [31, 32, 33]) publish(planOf(payment(tokens)), false);
      await everythingSo(client);
      assert.deepEqual(client.since(count), [TYPES.runtime]);
      const newest = buildSnapshot(planOf(payment(33)))
        .sets.get(TYPES.routes)
        ?.resources.get('payment')?.bytes as Buffer;
      await client.until(() => client.held.get(TYPES.routes)?.get('payment')?.equals(newest) === true);
      assert.deepEqual(client.since(count), [TYPES.runtime, TYPES.routes]);
    });

    it('puts the listener where the node says that it listens', async () => {
      publish(planOf(payment()));
      const client = connect({ metadata: { capmesh_listener: { host: '127.0.0.1', port: 10_077 } } });
      await client.until(() => client.names(TYPES.listener).length === 1);
      const { address } = Listener.decode(client.held.get(TYPES.listener)?.get('mesh') ?? Buffer.alloc(0));
      assert.ok(address?.address?.$case === 'socketAddress');
      assert.deepEqual(address.address.value.portSpecifier, { $case: 'portValue', value: 10_077 });
    });

    it('sends each node the endpoints in the order of their distance, and an edit of C_geo as endpoints alone', async () => {
      const plan = (geo: number | null) => {
        const endpoints = ['a', 'b'].map((zone, i) => ({ address: `127.0.0.1:${i + 1}`, region: 'eu', zone }));
        return planOf(servicePlan('payment', { endpoints, edges: [edgePlan('checkout', 'payment', { geo })] }));
      };
      publish(plan(1));
      const clients = ['a', 'b'].map((zone) => connect({ node: `in-${zone}`, locality: { region: 'eu', zone } }));
      const portsOf = (client: FakeEnvoy) =>
        ClusterLoadAssignment.decode(
          client.held.get(TYPES.endpoints)?.get(CHECKOUT_PAYMENT) ?? Buffer.alloc(0),
        ).endpoints.map(({ priority, lbEndpoints }) => [
          priority,
          lbEndpoints.map((each) => JSON.stringify(each).match(/portValue","value":(\d+)/)?.[1]),
        ]);
      for (const client of clients) await client.until(() => portsOf(client).length === 2);
      for (const client of clients) await everythingSo(client);
      assert.deepEqual(clients.map(portsOf), [
        [
          [0, ['1']],
          [1, ['2']],
        ],
        [
          [0, ['2']],
          [1, ['1']],
        ],
      ]);
      const counts = clients.map((client) => client.log.length);
      publish(plan(0.4));
      for (const client of clients) await client.until(() => portsOf(client).length === 1);
      for (const [i, client] of clients.entries()) {
        const sent = client.since(counts[i] ?? 0).filter((typeUrl) => typeUrl !== TYPES.runtime);
        assert.deepEqual(sent, [TYPES.endpoints]);
        assert.deepEqual(portsOf(client), [[0, [`${i + 1}`]]]);
      }
    });

    it('does not send again what only this node gets and has refused', async () => {
      publish(planOf(payment()));
      const client = connect({
        metadata: { capmesh_listener: { host: '127.0.0.1', port: 10_077 } },
        refuse: ({ typeUrl }) => (typeUrl === TYPES.listener ? 'address already in use' : null),
      });
      await until(() => refused.length === 1);
      await everythingSo(client);
      await everythingSo(client);
      assert.equal(client.log.filter(({ typeUrl }) => typeUrl === TYPES.listener).length, 1);
      assert.deepEqual(
        xds.nodes().map(({ nacks }) => nacks.map(({ resource }) => resource)),
        [['mesh']],
      );
    });

    it('quarantines a refused resource for that node alone and sends the good ones', async () => {
      publish(planOf(payment()));
      const picky = connect({
        node: 'picky',
        refuse: ({ typeUrl, names }) =>
          typeUrl === TYPES.cluster && names.includes('edge/checkout/inventory')
            ? 'Error adding/updating cluster(s) edge/checkout/inventory: no such thing'
            : null,
      });
      connect({ node: 'easy' });
      await until(() => upToDate('picky') && upToDate('easy'));
      const count = picky.log.length;
      const rollout = await xds.whenRolledOut(publish(planOf(payment(31), inventory)), 5_000);
      assert.equal(rollout?.nodesTotal, 2);
      assert.equal(rollout?.nodesApplied, 1);
      assert.deepEqual(
        rollout?.nacks.map(({ node, resource, source }) => ({ node, resource, source })),
        [{ node: 'picky', resource: 'edge/checkout/inventory', source: 'budgets.checkout.inventory' }],
      );
      assert.deepEqual(
        refused.map(({ node, resource, message }) => ({ node, resource, told: message.includes('no such thing') })),
        [{ node: 'picky', resource: 'edge/checkout/inventory', told: true }],
      );
      assert.deepEqual(picky.names(TYPES.cluster), [
        'edge/checkout/payment',
        'edge/~unverified/inventory',
        'edge/~unverified/payment',
      ]);
      const tries = picky.log.slice(count).filter(({ names }) => names.includes('edge/checkout/inventory')).length;
      assert.equal(tries, 1, 'it is not sent again');
      assert.ok(!upToDate('picky') && upToDate('easy'));
    });

    it('finds the culprit of a refusal that blames nobody, and ends', async () => {
      publish(planOf(payment()));
      const picky = connect({
        refuse: ({ typeUrl, names }) =>
          typeUrl === TYPES.cluster && names.includes('edge/checkout/inventory') ? 'something is wrong' : null,
      });
      await until(() => upToDate());
      const rollout = await xds.whenRolledOut(publish(planOf(payment(), inventory)), 5_000);
      assert.deepEqual(
        rollout?.nacks.map(({ resource }) => resource),
        ['edge/checkout/inventory'],
      );
      assert.ok(picky.names(TYPES.cluster).includes('edge/~unverified/inventory'));
    });

    it('tries a refused resource again once its content changes, and serves the last good one until then', async () => {
      const plan = (timeoutMs: number) => planOf({ ...payment(), timeoutMs });
      const bytesAt = (timeoutMs: number) =>
        buildSnapshot(plan(timeoutMs)).sets.get(TYPES.cluster)?.resources.get(CHECKOUT_PAYMENT)?.bytes as Buffer;
      publish(plan(700));
      const client = connect({
        refuse: ({ contents }) => (contents.get(CHECKOUT_PAYMENT)?.equals(bytesAt(600)) ? 'not so fast' : null),
      });
      const heldAt = (timeoutMs: number) =>
        client.held.get(TYPES.cluster)?.get(CHECKOUT_PAYMENT)?.equals(bytesAt(timeoutMs));
      await until(() => upToDate());
      const refusal = await xds.whenRolledOut(publish(plan(600)), 5_000);
      assert.deepEqual(
        refusal?.nacks.map(({ resource }) => resource),
        [CHECKOUT_PAYMENT],
      );
      assert.ok(heldAt(700));
      const recovery = await xds.whenRolledOut(publish(plan(500)), 5_000);
      assert.equal(recovery?.nodesApplied, 1);
      assert.deepEqual(recovery?.nacks, []);
      assert.ok(heldAt(500) && upToDate());
    });

    it('remembers a refusal when the node comes back', async () => {
      publish(planOf(payment(), inventory));
      const refuse: FakeEnvoyOptions['refuse'] = ({ typeUrl, names }) =>
        typeUrl === TYPES.cluster && names.includes(CHECKOUT_PAYMENT) ? 'no' : null;
      const first = connect({ refuse });
      await until(() => refused.length === 1);
      first.close();
      await until(() => xds.nodes().every(({ connected }) => !connected));
      const second = connect({ refuse });
      await second.until(() => second.names(TYPES.routes).length === 2);
      assert.equal(refused.length, 1);
      assert.ok(!second.names(TYPES.cluster).includes(CHECKOUT_PAYMENT));
    });

    it('lets a type wait for an earlier one that the client never asks for, but not for ever', async () => {
      publish(planOf(payment()));
      const client = connect();
      await until(() => upToDate());
      // A scope that no client follows: its route table is never asked for.
      const count = client.log.length;
      client.isFollowing = false;
      const half = await xds.whenRolledOut(publish(planOf(payment(31), inventory)), 1_500);
      assert.equal(half?.nodesApplied, 0);
      await client.until(() => client.since(count).includes(TYPES.routes));
      assert.ok(!upToDate());
    });

    it('ends a stream that does not say who it is, and goes on', async () => {
      publish(planOf(payment()));
      const stream = openStream(endpoint.address);
      stream.send(request({ typeUrl: TYPES.cluster }));
      assert.equal(await stream.over, status.INVALID_ARGUMENT);
      stream.close();
      connect();
      await until(() => upToDate());
    });

    it('ends a stream that asks for too much, and goes on', async () => {
      publish(planOf(payment()));
      const stream = openStream(endpoint.address);
      const names = Array.from({ length: 20_001 }, (_, index) => `n${index}`);
      const asked = mode === 'delta' ? { resourceNamesSubscribe: names } : { resourceNames: names };
      stream.send(request({ node: { id: 'greedy' }, typeUrl: TYPES.endpoints, ...asked }));
      assert.equal(await stream.over, status.RESOURCE_EXHAUSTED);
      stream.close();
      connect();
      await until(() => upToDate());
    });
  });
}
