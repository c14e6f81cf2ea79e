import { judge } from '../../core/gates/verdict.ts';
import type { SceneEdge, StabilityScene } from '../../core/stability/stability-scene.ts';

/** An edge to payment that is well. */
export const sceneEdge = (workload: string, more: Partial<SceneEdge> = {}): SceneEdge => ({
  key: `${workload}/payment`,
  workload,
  tenant: workload,
  prio: 5,
  offeredRps: 100,
  admittedRps: 100,
  goodRps: 100,
  breakerRefusedRps: 0,
  shedRps: 0,
  retriesRps: 0,
  refusing: false,
  inFlight: 4,
  guaranteeRps: 200,
  ...more,
});

/** payment with all gates passing, called by two classes. */
export const stabilityScene = (more: Partial<StabilityScene> = {}): StabilityScene => ({
  service: 'payment',
  gates: { fit: judge(0), gluing: judge(0), uv: judge(0), isolation: judge(0) },
  edges: [sceneEdge('checkout', { prio: 7 }), sceneEdge('batch', { prio: 2 })],
  harm: [],
  trimming: false,
  trimmingMs: 0,
  overloadEvidence: 0,
  capacityRps: 0,
  baselineSec: 0.02,
  fitFailingMs: 0,
  running: [],
  policy: { maxShedRatio: 0.9, shadow: [], fence: false },
  confirmed: new Set(),
  latencies: () => [],
  expectedLatency: () => null,
  nearestLatency: () => null,
  nowMs: 0,
  ...more,
});
