import type { CapacityVector } from '../capacity/capacity-vector.ts';
import { liveCapacity, maxCapacity } from '../capacity/live-capacity.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import type { KernelState } from './kernel-state.ts';
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

interface KnownCapacity {
  readonly config: MeshConfig | null;
  readonly live: ReadonlyMap<string, CapacityVector>;
  readonly C: CapacityVector;
}

/** Budgets change with the configuration alone, which like the grants is replaced as a whole. */
const KNOWN = new WeakMap<ServiceState, KnownCapacity>();

/** C of the scope that one service is, computed anew when configuration or grants changed. */
export function capacityOfService(
  service: ServiceState,
  { config, live }: Pick<KernelState, 'config' | 'live'>,
): CapacityVector {
  const known = KNOWN.get(service);
  if (known?.config === config && known.live === live) return known.C;
  const C = capacityInScope([service], live);
  KNOWN.set(service, { config, live, C });
  return C;
}
