import { cautionAt } from '../../core/admission/admission-caution.ts';
import type { AdmissionScene, EdgeScene, PoolScene } from '../../core/admission/admission-scene.ts';
import { UNLIMITED } from '../../core/capacity/capacity-vector.ts';
import type { GateName, GateState, GateVerdict } from '../../core/gates/gate-state.ts';
import { edgeKey } from '../../core/mesh/mesh-config.ts';
import { risingCurve } from '../../core/substrate/latency-model.ts';

export type GatesSketch = Partial<Record<GateName, Partial<GateVerdict>>>;

export const verdict = (over: Partial<GateVerdict> = {}): GateVerdict => ({
  status: 'PASS',
  ratio: 0.5,
  reason: '',
  worst: '',
  evidence: {},
  ...over,
});

/** Four gates that pass, but for what is said. */
export const gates = (over: GatesSketch = {}): GateState => ({
  fit: verdict({ evidence: { u_drift: 1 / 3 }, ...over.fit }),
  gluing: verdict(over.gluing),
  uv: verdict(over.uv),
  isolation: verdict({ evidence: { isolation_level: 0.1 }, worst: 'reports', ...over.isolation }),
});

/** An edge of checkout that is guaranteed 266.667 calls/s and makes none, but for what is said. */
export const edgeScene = (service: string, over: Partial<EdgeScene> = {}): EdgeScene => {
  const { workload = 'checkout' } = over;
  return {
    key: edgeKey(workload, service),
    workload,
    service,
    tenant: workload,
    budget: UNLIMITED,
    loadRps: 0,
    guaranteeRps: 800 / 3,
    callsPerRequest: null,
    burstRatio: 0.2,
    ...over,
  };
};

/** A service with 400 calls/s, eight servers of 20 ms, and 100 calls/s of batch on it. */
export const poolScene = (service: string, over: Partial<PoolScene> = {}, edges?: EdgeScene[]): PoolScene => {
  const own = edges ?? [
    edgeScene(service),
    edgeScene(service, { workload: 'batch', loadRps: 100, guaranteeRps: 400 / 3 }),
  ];
  return {
    service,
    gates: gates(),
    capacityRps: 400,
    baselineSec: 0.02,
    loadRps: own.reduce((sum, { loadRps }) => sum + loadRps, 0),
    live: UNLIMITED,
    isolationEps: 0.15,
    curves: [],
    edges: new Map(own.map((edge) => [edge.key, edge])),
    ...over,
  };
};

export const admissionScene = (pools: readonly PoolScene[], cautionLevel = 0): AdmissionScene => ({
  pools: new Map(pools.map((pool) => [pool.service, pool])),
  caution: cautionAt(cautionLevel),
});

/** Latency learned at these loads. */
export function curveThrough(latencyMs: (loadRps: number) => number, loadsRps: readonly number[]) {
  const terms = risingCurve(loadsRps.map((loadRps) => ({ loadRps, meanLog: Math.log(latencyMs(loadRps)) })));
  if (terms === null) throw new Error('no curve');
  const [c0, c1, c2] = terms;
  const at = (loadRps: number): number => c0 + c1 * loadRps + c2 * loadRps * loadRps;
  return { lowestRps: Math.min(...loadsRps), highestRps: Math.max(...loadsRps), latencyMs: at };
}
