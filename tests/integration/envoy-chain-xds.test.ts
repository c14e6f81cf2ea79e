import assert from 'node:assert/strict';
import { XdsServer } from '../../control-plane/xds/xds-server.ts';
import { buildSnapshot } from '../../envoy/render-plan.ts';
import { type Resource, resourceOf } from '../../envoy/resource.ts';
import { runtimeResource } from '../../envoy/runtime-layer.ts';
import { type Snapshot, withSet } from '../../envoy/snapshot.ts';
import { RESOURCE_TYPES as TYPES } from '../../envoy/type-urls.ts';
import { systemClock } from '../../platform/clock.ts';
import { Cluster, Cluster_DiscoveryType } from '../../proto/gen/envoy/config/cluster/v3/cluster.ts';
import { RouteConfiguration } from '../../proto/gen/envoy/config/route/v3/route.ts';
import { serveXds } from '../support/ads-client.ts';
import { call, type EnvoyChain, startEnvoyChain } from '../support/envoy-chain.ts';
import { startEnvoy } from '../support/envoy-process.ts';
import { edgePlan, planOf, servicePlan } from '../support/plans.ts';
import { quietLogger } from '../support/quiet-logger.ts';
import { until } from '../support/until.ts';

const service = (name: string, endpoint: string) =>
  servicePlan(name, { endpoints: [endpoint], edges: [edgePlan('checkout', name)] });
const checkout = { 'x-capacity-token': 'checkout' };

const clusterResource = (cluster: Cluster): Resource =>
  resourceOf({
    typeUrl: TYPES.cluster,
    name: cluster.name,
    bytes: Cluster.encode(cluster).finish(),
    source: `test.${cluster.name}`,
  });

/** A cluster without endpoints; `address` lets it have a bad one. */
const staticCluster = (name: string, rest: Parameters<typeof Cluster.fromPartial>[0] = {}): Resource =>
  clusterResource(
    Cluster.fromPartial({
      name,
      clusterDiscoveryType: { $case: 'type', value: Cluster_DiscoveryType.STATIC },
      connectTimeout: { seconds: 1 },
      loadAssignment: { clusterName: name },
      ...rest,
    }),
  );

const withClusters = (snapshot: Snapshot, ...more: Resource[]): Snapshot =>
  withSet(snapshot, TYPES.cluster, [...(snapshot.sets.get(TYPES.cluster)?.resources.values() ?? []), ...more]);

for (const mode of ['delta', 'sotw'] as const) {
  describe(`xDS server and Envoy, ${mode}`, () => {
    let chain: EnvoyChain;
    let revision = 100;

    before(async () => {
      chain = await startEnvoyChain(mode, (endpoint) => planOf(service('payment', endpoint)));
    });
    after(() => chain.stop());

    const publish = (snapshot: Snapshot) => {
      revision += 1;
      chain.xds.publish(snapshot, { revision, edited: true });
      return chain.xds.whenRolledOut(revision, 10_000);
    };
    const plan = (...names: string[]) => planOf(...names.map((name) => service(name, chain.echo.endpoint)));

    it('adds and removes services while calls go on', async () => {
      let isOver = false;
      const statuses = new Map<string, number>();
      const traffic = (async () => {
        while (!isOver) {
          const { status, headers } = await chain.call('payment', checkout);
          const key = `${status} ${headers['x-capacity-denied'] ?? ''}`;
          statuses.set(key, (statuses.get(key) ?? 0) + 1);
        }
      })();
      for (let round = 0; round < 3; round += 1) {
        const { p99Ms } = await chain.apply(plan('payment', 'inventory', 'search'));
        assert.ok(p99Ms < 1_500, `${p99Ms} ms`);
        assert.equal((await chain.call('inventory', checkout)).status, 200);
        assert.equal((await chain.call('search', checkout)).status, 200);
        await chain.apply(plan('payment'));
        assert.equal((await chain.call('inventory', checkout)).status, 404);
      }
      isOver = true;
      await traffic;
      assert.deepEqual([...statuses.keys()], ['200 ']);
      assert.equal(await chain.envoy.stat('cluster_manager.warming_clusters'), 0);
    });

    it('reports what Envoy refuses by name and keeps the rest going: semantic error', async () => {
      const bad = staticCluster('bad', {
        loadAssignment: {
          clusterName: 'bad',
          endpoints: [
            {
              lbEndpoints: [
                {
                  hostIdentifier: {
                    $case: 'endpoint',
                    value: {
                      address: {
                        address: {
                          $case: 'socketAddress',
                          value: { address: 'no-address', portSpecifier: { $case: 'portValue', value: 1 } },
                        },
                      },
                    },
                  },
                },
              ],
            },
          ],
        },
      });
      const rollout = await publish(withClusters(buildSnapshot(plan('payment')), staticCluster('good'), bad));
      assert.equal(rollout?.nodesApplied, 0);
      assert.deepEqual(
        rollout?.nacks.map(({ node, resource, source }) => [node, resource, source]),
        [['node-1', 'bad', 'test.bad']],
      );
      assert.match(rollout?.nacks[0]?.message ?? '', /malformed IP address/);
      const clusters = await chain.envoy.admin('/clusters');
      assert.ok(clusters.includes('good::') && !clusters.includes('bad::'));
      await chain.apply(plan('payment'));
      assert.deepEqual(chain.xds.nodes()[0]?.nacks, []);
    });

    it('reports what Envoy refuses by name and keeps the rest going: constraint violation', async () => {
      const bad = staticCluster('bad', { connectTimeout: { seconds: -1 } });
      const rollout = await publish(
        withClusters(buildSnapshot(plan('payment', 'inventory')), staticCluster('also-good'), bad),
      );
      assert.deepEqual(
        rollout?.nacks.map(({ resource }) => resource),
        ['bad'],
      );
      const clusters = await chain.envoy.admin('/clusters');
      assert.ok(clusters.includes('also-good::') && !clusters.includes('bad::'));
      assert.equal((await chain.call('inventory', checkout)).status, 200);
      await chain.apply(plan('payment'));
    });

    it('reports a refused route table and leaves the last good one in force', async () => {
      const good = buildSnapshot(plan('payment'));
      const bad = resourceOf({
        typeUrl: TYPES.routes,
        name: 'payment',
        source: 'services.payment',
        bytes: RouteConfiguration.encode(
          RouteConfiguration.fromPartial({ name: 'payment', virtualHosts: [{ name: 'v', domains: [] }] }),
        ).finish(),
      });
      const rollout = await publish(withSet(good, TYPES.routes, [bad]));
      assert.deepEqual(
        rollout?.nacks.map(({ resource, source }) => [resource, source]),
        [['payment', 'services.payment']],
      );
      assert.equal((await chain.call('payment', checkout)).status, 200);
      await publish(good);
      assert.deepEqual(chain.xds.nodes()[0]?.nacks, []);
    });

    it('takes nothing away when the control plane restarts', async () => {
      const own = new XdsServer({ clock: systemClock, logger: quietLogger });
      const endpoint = await serveXds(own);
      const snapshot = buildSnapshot(plan('payment'));
      const layer = runtimeResource({ 'circuit_breakers.edge/checkout/payment.default.max_requests': 0 });
      own.publishRuntime(layer);
      own.publish(snapshot, { revision: 1, edited: true });
      const loopback = (port: number) => ({ host: '127.0.0.1', port });
      const envoy = await startEnvoy({
        nodeId: 'node-2',
        mode,
        controlPlane: loopback(endpoint.port),
        check: loopback(chain.authorizer.port),
        sinks: loopback(chain.sink.port),
      });
      try {
        const fenced = () => call(envoy.meshPort, 'payment', checkout).then(({ status }) => status === 503);
        await until(() => own.nodes()[0]?.upToDate === true);
        assert.ok(await fenced());
        endpoint.stop();
        await envoy.untilStat('control_plane.connected_state', (value) => value === 0);
        assert.ok(await fenced(), 'while it is gone');
        const next = new XdsServer({ clock: systemClock, logger: quietLogger });
        const reborn = await serveXds(next, endpoint.port);
        await until(() => next.nodes().length === 1);
        assert.ok(await fenced(), 'while it knows nothing yet');
        next.publishRuntime(layer);
        next.publish(snapshot, { revision: 1, edited: true });
        await until(() => next.nodes()[0]?.upToDate === true);
        assert.ok(await fenced(), 'after it is back');
        assert.equal(await envoy.stat('cluster_manager.cluster_modified'), 0);
        reborn.stop();
      } finally {
        await envoy.stop();
      }
    });
  });
}
