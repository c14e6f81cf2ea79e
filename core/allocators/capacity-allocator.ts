import type { CapacityVector } from '../capacity/capacity-vector.ts';
import type { ObservationLimits } from '../capacity/observation.ts';
import { edgeKey, type MeshConfig } from '../mesh/mesh-config.ts';
import { CouplingAllocator, type CouplingAssignment } from './coupling-allocator.ts';
import { DimensionAllocator, type TopologyAssignment } from './dimension-allocator.ts';
import { ObserverAllocator } from './observer-allocator.ts';
import { edgesByService } from './plan-capacity.ts';
import { PointerAllocator, type PointerAssignment } from './pointer-allocator.ts';
import { SymmetryAllocator, type SymmetryAssignment } from './symmetry-allocator.ts';
import type { WorkloadSpec } from './workload-spec.ts';

/** What a capacity vector amounts to, axis by axis. */
export interface CapacityAssignment {
  readonly geo: TopologyAssignment;
  readonly int: CouplingAssignment;
  readonly gauge: SymmetryAssignment;
  readonly ptr: PointerAssignment;
  readonly obs: ObservationLimits;
}

/** One allocator for each axis. */
export class CapacityAllocator {
  readonly geo = new DimensionAllocator();
  readonly int = new CouplingAllocator();
  readonly gauge = new SymmetryAllocator();
  readonly ptr = new PointerAllocator();
  readonly obs = new ObserverAllocator();

  allocate(C: CapacityVector, workload: WorkloadSpec): CapacityAssignment {
    return {
      geo: this.geo.allocate(C.geo, workload),
      int: this.int.allocate(C.int, workload),
      gauge: this.gauge.allocate(C.gauge, workload),
      ptr: this.ptr.allocate(C.ptr, workload),
      obs: this.obs.allocate(C.obs, workload),
    };
  }
}

/** One workload at one service in a mesh of one process: one node, one replica, every endpoint as near as the next. Throws a RangeError where there is no such budget. */
export function localWorkload(config: MeshConfig, workload: string, service: string): WorkloadSpec {
  const called = config.services.get(service);
  const caller = config.workloads.get(workload);
  if (!called || !caller || !config.budgets.has(edgeKey(workload, service))) {
    throw new RangeError(`budgets.${workload}.${service}: there is no such budget`);
  }
  const others = (edgesByService({ config }).get(service) ?? []).filter((edge) => edge.workload !== caller);
  return {
    workloadId: workload,
    weight: caller.weight,
    pool: {
      capacity: called.capacity,
      nodes: 1,
      replicas: 1,
      endpointsPerLevel: [called.endpoints.length],
      others: others.map(({ budget, workload: { weight } }) => ({ vector: budget.vector, weight })),
    },
  };
}
