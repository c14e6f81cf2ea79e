import type { CapacityVector } from '../capacity/capacity-vector.ts';
import { largerOf, smallerOf } from '../capacity/live-capacity.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';

/**
 * C_gauge that a grant is answered by: on each edge of the workload the smaller of
 * budget and grant, and the largest of those (CONTRACT §C, §D). `null` = it is set
 * nowhere, and nobody has to be waited for.
 */
export function grantGauge(config: MeshConfig, workload: string, granted: CapacityVector): number | null {
  return [...config.budgets.values()]
    .filter((budget) => budget.workload === workload)
    .reduce<number | null>((most, { vector }) => largerOf(most, smallerOf(vector.gauge, granted.gauge)), null);
}
