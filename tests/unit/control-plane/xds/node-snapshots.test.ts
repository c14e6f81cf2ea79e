import assert from 'node:assert/strict';
import type { NodeFacts } from '../../../../control-plane/xds/node-facts.ts';
import { NodeSnapshots } from '../../../../control-plane/xds/node-snapshots.ts';
import type { EdgePlan } from '../../../../core/allocators/capacity-plan.ts';
import { PlanRenderer } from '../../../../envoy/render-plan.ts';
import { inconsistencies, type Snapshot } from '../../../../envoy/snapshot.ts';
import { RESOURCE_TYPES } from '../../../../envoy/type-urls.ts';
import { ClusterLoadAssignment } from '../../../../proto/gen/envoy/config/endpoint/v3/endpoint.ts';
import { edgePlan, planOf, servicePlan } from '../../../support/plans.ts';

const ENDPOINTS = [
  { address: '127.0.0.1:1', region: 'eu', zone: 'eu-a' },
  { address: '127.0.0.1:2', region: 'eu', zone: 'eu-b' },
];
const placed = (edge: Partial<EdgePlan> = {}, endpoints = ENDPOINTS) =>
  planOf(
    servicePlan('payment', { endpoints, edges: [edgePlan('checkout', 'payment', { geo: 1, ...edge })] }),
    servicePlan('inventory', { edges: [edgePlan('checkout', 'inventory')] }),
  );
const nodeIn = (zone: string | undefined): NodeFacts => ({
  listener: { host: '127.0.0.1', port: 10_001 },
  toCollector: false,
  place: { node: `node-${zone}`, region: zone && 'eu', zone },
});

/** Ports by priority. */
function portsOf(snapshot: Snapshot | null, name: string): (number | undefined)[][] {
  const bytes = snapshot?.sets.get(RESOURCE_TYPES.endpoints)?.resources.get(name)?.bytes ?? Buffer.alloc(0);
  const { endpoints } = ClusterLoadAssignment.decode(bytes);
  return endpoints.map(({ priority, lbEndpoints }, i) => {
    assert.equal(priority, i, 'priorities without gaps');
    return lbEndpoints.map(({ hostIdentifier }) => {
      const address = hostIdentifier?.$case === 'endpoint' ? hostIdentifier.value.address?.address : undefined;
      const port = address?.$case === 'socketAddress' ? address.value.portSpecifier : undefined;
      return port?.$case === 'portValue' ? port.value : undefined;
    });
  });
}

const changedTypes = (before: Snapshot, after: Snapshot): string[] =>
  [...after.sets.keys()].filter((type) => before.sets.get(type)?.version !== after.sets.get(type)?.version);

describe('NodeSnapshots', () => {
  const snapshots = new NodeSnapshots();
  const renderer = new PlanRenderer();
  const serve = (plan = placed()): Snapshot => {
    const snapshot = renderer.snapshot(plan);
    assert.deepEqual(inconsistencies(snapshot), []);
    snapshots.replace(snapshot);
    return snapshot;
  };

  it('show each node the endpoints near it first', () => {
    serve();
    assert.deepEqual(portsOf(snapshots.get(nodeIn('eu-a')), 'edge/checkout/payment'), [[1], [2]]);
    assert.deepEqual(portsOf(snapshots.get(nodeIn('eu-b')), 'edge/checkout/payment'), [[2], [1]]);
    assert.deepEqual(portsOf(snapshots.get(nodeIn(undefined)), 'edge/checkout/payment'), [[1, 2]]);
    assert.deepEqual(portsOf(snapshots.get(nodeIn('eu-b')), 'payment'), [[1, 2]], 'unverified callers');
    assert.equal(snapshots.get(nodeIn('eu-a')), snapshots.get(nodeIn('eu-a')));
  });

  it('change endpoints alone when C_geo or a place is edited, also for nodes that see no difference', () => {
    const before = serve();
    const seenBefore = snapshots.get(nodeIn('eu-a')) as Snapshot;
    for (const plan of [placed({ geo: 0.4 }), placed({ geo: null })]) {
      assert.deepEqual(changedTypes(before, serve(plan)), [RESOURCE_TYPES.endpoints]);
      assert.deepEqual(changedTypes(seenBefore, snapshots.get(nodeIn('eu-a')) as Snapshot), [RESOURCE_TYPES.endpoints]);
    }
    const moved = serve(
      placed(
        {},
        ENDPOINTS.map((endpoint) => ({ ...endpoint, zone: 'eu-b' })),
      ),
    );
    assert.deepEqual(changedTypes(before, moved), [RESOURCE_TYPES.endpoints]);
  });

  it('give an edge with C_geo its share of endpoints also where none is placed, and leave the others alone', () => {
    const endpoints = [1, 2, 3, 4].map((port) => `127.0.0.1:${port}`);
    const edges = [edgePlan('checkout', 'payment', { geo: 0.1 }), edgePlan('batch', 'payment')];
    const snapshot = serve(planOf(servicePlan('payment', { endpoints, edges })));
    assert.equal(portsOf(snapshots.get(nodeIn('eu-a')), 'edge/checkout/payment')[0]?.length, 2);
    const clusters = snapshot.sets.get(RESOURCE_TYPES.cluster)?.resources;
    assert.equal(clusters?.get('edge/checkout/payment')?.needs?.name, 'edge/checkout/payment');
    assert.equal(clusters?.get('edge/batch/payment')?.needs?.name, 'payment');
  });

  it('send spans only from nodes that have a collector', () => {
    serve();
    const [without, having] = [false, true].map((toCollector) => snapshots.get({ ...nodeIn('eu-a'), toCollector }));
    assert.deepEqual(changedTypes(without as Snapshot, having as Snapshot), [RESOURCE_TYPES.listener]);
    const listener = (snapshot: Snapshot | null | undefined) =>
      snapshot?.sets.get(RESOURCE_TYPES.listener)?.resources.get('mesh')?.bytes.includes('OpenTelemetryConfig');
    assert.deepEqual([listener(without), listener(having)], [false, true]);
  });

  it('are what they were when an edit is taken back', () => {
    serve();
    const before = snapshots.get(nodeIn('eu-a'))?.version;
    serve(placed({ geo: 0.4 }));
    serve();
    assert.equal(snapshots.get(nodeIn('eu-a'))?.version, before);
  });

  it('are the same everywhere but for the listener where no endpoint is placed and no edge has C_geo', () => {
    serve(planOf(servicePlan('payment', { edges: [edgePlan('checkout', 'payment')] })));
    assert.equal(
      snapshots.get(nodeIn('eu-a')),
      snapshots.get({ ...nodeIn('eu-b'), listener: nodeIn('eu-a').listener }),
    );
    assert.deepEqual(portsOf(snapshots.get(nodeIn('eu-a')), 'payment'), [[9101]]);
    assert.deepEqual(portsOf(snapshots.get(nodeIn('eu-a')), 'edge/checkout/payment'), []);
  });
});
