import assert from 'node:assert/strict';
import { createControlPlaneMetrics } from '../../../../control-plane/metrics/control-plane-metrics.ts';
import { edgeSeries } from '../../../../control-plane/metrics/edge-series.ts';
import { createKernel } from '../../../../core/kernel/kernel-state.ts';
import type { EdgeView } from '../../../../core/kernel/mesh-view.ts';
import { viewOf } from '../../../../core/kernel/view-of.ts';

const view = (workload: string, tenant: string, seriesPerTenant: number): EdgeView => ({
  workload,
  service: 'payment',
  tenant,
  seriesPerTenant,
  budget: { geo: null, int: null, gauge: null, ptr: null, obs: null },
  guaranteeRps: 10,
  limitRps: 10,
  maxRequests: 1,
  offeredRps: 5,
  admittedRps: 4,
  refusedRps: { 'budget-exhausted': 1 },
  goodputRps: 4,
  latencyP50Ms: null,
  latencyP99Ms: null,
});
/** 50 workloads of one tenant, and a small tenant beside them. */
const EDGES = [
  ...Array.from({ length: 50 }, (_, i) => view(`w${String(i).padStart(2, '0')}`, 'big', 40)),
  view('x', 'small', 4),
];

describe('edgeSeries() (CONTRACT §D, C_obs)', () => {
  it('shows as many edges of a tenant as its C_obs pays for, in a fixed order', () => {
    const shown = edgeSeries([...EDGES].reverse()).filter(({ labels }) => labels.workload !== 'other');
    assert.deepEqual(
      shown.map(({ labels }) => labels.workload),
      [...Array.from({ length: 10 }, (_, i) => `w0${i}`), 'x'],
    );
  });

  it('gives a tenant the largest C_obs of its edges', () => {
    const edges = [view('a', 't', 0), view('b', 't', 8)];
    assert.deepEqual(
      edgeSeries(edges).map(({ labels }) => labels.workload),
      ['a', 'b'],
    );
  });

  it('is what /metrics shows, the rest added up', async () => {
    const metrics = createControlPlaneMetrics({
      view: () => ({ ...viewOf(createKernel(), 0), edges: EDGES }),
      leadership: () => ({ role: 'leader', epoch: 1 }),
      replicas: () => 1,
      casConflicts: () => 0,
      droppedFrames: () => 0,
      droppedEffects: () => 0,
      nodes: () => [],
    });
    const text = await metrics.registry.metrics();
    const series = text.split('\n').filter((line) => line.startsWith('capmesh_edge_') && line.includes('tenant="big"'));
    const other = series.filter((line) => line.includes('workload="other"'));
    assert.equal(series.length - other.length, 40);
    assert.deepEqual(other.sort(), [
      'capmesh_edge_admitted_rps{tenant="big",workload="other",service="other"} 160',
      'capmesh_edge_limit_rps{tenant="big",workload="other",service="other"} 400',
      'capmesh_edge_offered_rps{tenant="big",workload="other",service="other"} 200',
      'capmesh_edge_refused_rps{tenant="big",workload="other",service="other",reason="budget-exhausted"} 40',
    ]);
  });
});
