import type { CapacityVector } from '../capacity/capacity-vector.ts';
import type { GateState } from '../gates/gate-state.ts';
import type { EdgeKey } from '../mesh/mesh-config.ts';
import type { LatencyCurve } from '../substrate/latency-model.ts';
import type { AdmissionCaution } from './admission-caution.ts';

/** One moment of a mesh, as far as admission and what-if are decided by it. Rates in calls per second. */
export interface AdmissionScene {
  readonly pools: ReadonlyMap<string, PoolScene>;
  readonly caution: AdmissionCaution;
}

/** One service. Its load is that of all callers, also of those whose identity is not known. */
export interface PoolScene {
  readonly service: string;
  readonly gates: GateState;
  /** K; `null` = unknown. */
  readonly capacityRps: number | null;
  /** R0, s; 0 while unknown. */
  readonly baselineSec: number;
  /** Attempts over the window of its gates. */
  readonly loadRps: number;
  /** C of the scope, which thresholds follow. */
  readonly live: CapacityVector;
  /** ε_iso's setting, before C is taken off. */
  readonly isolationEps: number;
  /** Latency by load as it was learned on its edges; empty while too few loads are known. */
  readonly curves: readonly LatencyCurve[];
  readonly edges: ReadonlyMap<EdgeKey, EdgeScene>;
}

export interface EdgeScene {
  readonly key: EdgeKey;
  readonly workload: string;
  readonly service: string;
  readonly tenant: string;
  readonly budget: CapacityVector;
  /** Attempts over the window. */
  readonly loadRps: number;
  /** `null` = no rate limit. */
  readonly guaranteeRps: number | null;
  /** R: calls on this edge per request that its caller handles; `null` = the caller is no service, or nothing is learned. */
  readonly callsPerRequest: number | null;
  /** u_burst of its admitted arrivals over the window; `null` = no limit, or what others lend is used. */
  readonly burstRatio: number | null;
}
