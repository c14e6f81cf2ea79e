/**
 * The capacity vector C = (geo, int, gauge, ptr, obs). Each component is a
 * fraction of its parent in [0, 1]: in a budget of the service's capacity, in a
 * grant of the workload's budget. `null` sets no limit on that axis; 0 denies it.
 */
export interface CapacityVector {
  /** Level: how far from the caller a call may spill. */
  readonly geo: number | null;
  /** Coupling: share of the request rate; adds over grants. */
  readonly int: number | null;
  /** Symmetry level: quorum and lease length. */
  readonly gauge: number | null;
  /** Pointers: share of the concurrency; adds over grants. */
  readonly ptr: number | null;
  /** Observation: tracing, series, access log; adds over grants. */
  readonly obs: number | null;
}

/** The axes of C in their order. */
export const AXES = ['geo', 'int', 'gauge', 'ptr', 'obs'] as const;
export type Axis = (typeof AXES)[number];

/** No limit on any axis. */
export const UNLIMITED: CapacityVector = { geo: null, int: null, gauge: null, ptr: null, obs: null };
