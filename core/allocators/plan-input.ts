import type { CapacityVector } from '../capacity/capacity-vector.ts';
import type { EdgeKey, MeshConfig } from '../mesh/mesh-config.ts';

/** Everything that a capacity plan is computed from. */
export interface PlanInput {
  readonly config: MeshConfig;
  /** Nodes that carry traffic; the plan divides by at least 1. */
  readonly nodes: readonly string[];
  /** Σ of live grants per workload (CONTRACT §C); absent = no live grant. */
  readonly live: ReadonlyMap<string, CapacityVector>;
  readonly services: ReadonlyMap<string, ServiceObservation>;
  /** Calls per second offered on each edge; absent = 0. */
  readonly offeredRps: RateByEdge;
}

/** Calls per second by edge; a map is one. */
export type RateByEdge = Pick<ReadonlyMap<EdgeKey, number>, 'get'>;

/** What has been measured of a service. */
export interface ServiceObservation {
  /** Known only once saturation has been seen; may push K below the declared rps, never above. */
  readonly learnedRps: number | null;
  /** N that the overload controller allows; `null` before it has a say. */
  readonly concurrencyLimit: number | null;
  /** The controller is holding an overloaded service: N is handed out by priority. */
  readonly trimming: boolean;
  /** R0, mean latency without congestion; `null` while unknown. */
  readonly baselineLatencyMs: number | null;
  /** Mean calls in flight that each edge has needed lately. */
  readonly inFlight: ReadonlyMap<EdgeKey, number>;
}
