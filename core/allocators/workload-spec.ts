import type { ShareAsker } from '../capacity/axis-shares.ts';
import type { CapacityVector } from '../capacity/capacity-vector.ts';
import type { ServiceCapacity } from '../mesh/mesh-config.ts';
import { throwProblems } from '../problem.ts';

/** Who asks for a share of what, and beside whom: what an allocator has to know beyond C. */
export interface WorkloadSpec {
  readonly workloadId: string;
  /** Share of contended capacity, relative to others. */
  readonly weight: number;
  readonly pool: PoolSpec;
}

/** The service that the workload calls. */
export interface PoolSpec {
  readonly capacity: ServiceCapacity;
  /** Nodes that carry its calls, at least 1. */
  readonly nodes: number;
  /** Replicas that have to agree on a grant, at least 1. */
  readonly replicas: number;
  /** Endpoints at each level of the topology as seen from the workload, nearest first. */
  readonly endpointsPerLevel: readonly number[];
  /** Everybody else who has a budget at the service. */
  readonly others: readonly PoolShare[];
}

export interface PoolShare {
  readonly vector: CapacityVector;
  readonly weight: number;
}

/** Everybody who asks for a share of the pool on an axis, the workload first. */
export const askersOf = (
  axis: 'int' | 'ptr',
  fraction: number | null,
  { weight, pool }: WorkloadSpec,
): ShareAsker[] => [
  { fraction, weight },
  ...pool.others.map((other) => ({ fraction: other.vector[axis], weight: other.weight })),
];

/** Throws a RangeError for anything but a fraction in [0, 1] or `null`. */
export function checkFraction(path: string, fraction: number | null): void {
  if (fraction === null || (fraction >= 0 && fraction <= 1)) return;
  throwProblems([{ path, message: `must be within 0 … 1, or null for no limit (got ${fraction})` }]);
}
