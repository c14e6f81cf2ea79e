import type { CapacityVector } from '../capacity/capacity-vector.ts';
import { liveCapacity, maxCapacity } from '../capacity/live-capacity.ts';
import type { ServiceState } from './service-state.ts';

/**
 * C of a scope, which thresholds follow: the componentwise maximum of C_live over
 * the edges of its services (CONTRACT §C).
 *
 * @param live Σ of live grants per workload
 */
export const capacityInScope = (
  services: Iterable<ServiceState>,
  live: ReadonlyMap<string, CapacityVector>,
): CapacityVector =>
  maxCapacity(
    [...services].flatMap(({ edges }) =>
      [...edges.values()].flatMap(({ budget, workload }) =>
        budget === null ? [] : [liveCapacity(budget.vector, live.get(workload))],
      ),
    ),
  );
