import type { LeasePlan } from '../../core/allocators/capacity-plan.ts';
import { leasedOverlay } from '../../core/allocators/lease-overlay.ts';
import { edgeKey, type MeshConfig } from '../../core/mesh/mesh-config.ts';
import { vectorToMessage } from '../../platform/mesh-message.ts';
import type { Lease } from '../../proto/gen/capmesh/v1/lease.ts';

/** A lease as nodes read it: the kernel's slices, each with its edge's budget. */
export function leaseMessage(lease: LeasePlan, config: MeshConfig): Lease {
  return {
    node: lease.node,
    epoch: lease.epoch,
    seq: lease.seq,
    edges: lease.edges.map((edge) => {
      const budget = config.budgets.get(edgeKey(edge.workload, edge.service));
      return {
        ...edge,
        rateRps: edge.rateRps,
        accessLogLinesPerSec: edge.accessLogLinesPerSec,
        cpuMsPerSec: edge.cpuMsPerSec,
        memoryMib: edge.memoryMib,
        timeoutMs: edge.timeoutMs ?? 0,
        maxRequests: edge.maxRequests,
        budget: budget && vectorToMessage(budget.vector),
        ...leasedOverlay(edge),
      };
    }),
    anonymous: (lease.anonymous ?? []).map((caller) => ({ ...caller })),
  };
}
