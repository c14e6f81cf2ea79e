import type { CapacityPlan, EdgePlan, ServicePlan } from '../allocators/capacity-plan.ts';
import { type CapacityVector, UNLIMITED } from '../capacity/capacity-vector.ts';
import { maxCapacity } from '../capacity/live-capacity.ts';
import { edgeKey } from '../mesh/mesh-config.ts';
import type { StabilityActionRecord } from '../stability/stability-action.ts';
import { WINDOW_TICKS } from '../substrate/edge-window.ts';
import type { EdgeState } from './edge-state.ts';
import type { CapacityEventRecord } from './kernel-io.ts';
import type { ServiceState } from './service-state.ts';

/** Something that happened to a service and that everybody who calls it is told. */
export interface ServiceNews {
  readonly service: ServiceState;
  readonly kind: 'gate' | 'action';
  readonly action: StabilityActionRecord | null;
  readonly message: string;
}

/** One event for each workload that has an edge to the service. */
export function capacityEvents(
  news: readonly ServiceNews[],
  services: ReadonlyMap<string, ServiceState>,
  plan: CapacityPlan,
  wallMs: number,
): CapacityEventRecord[] {
  if (news.length === 0) return [];
  const usage = usageByWorkload(services, plan);
  return news.flatMap(({ service, kind, action, message }) =>
    [...service.edges.values()]
      .filter((edge) => edge.budget !== null)
      .map((edge) => ({
        workloadId: edge.workload,
        service: service.service,
        kind,
        allocated: usage.get(edge.workload)?.allocated ?? UNLIMITED,
        consumed: usage.get(edge.workload)?.consumed ?? UNLIMITED,
        gates: service.gates,
        action,
        message,
        wallMs,
      })),
  );
}

interface Usage {
  readonly allocated: CapacityVector;
  readonly consumed: CapacityVector;
}

/** Fractions of the services' capacities, componentwise maximum over the edges of a workload (CONTRACT §I). */
function usageByWorkload(services: ReadonlyMap<string, ServiceState>, plan: CapacityPlan): Map<string, Usage> {
  const usage = new Map<string, Usage>();
  for (const service of plan.services) {
    const edges = services.get(service.service)?.edges;
    for (const edge of service.edges) {
      const own = usageOf(service, edge, edges?.get(edgeKey(edge.workload, edge.service)));
      const known = usage.get(edge.workload);
      usage.set(edge.workload, {
        allocated: maxCapacity(known ? [known.allocated, own.allocated] : [own.allocated]),
        consumed: maxCapacity(known ? [known.consumed, own.consumed] : [own.consumed]),
      });
    }
  }
  return usage;
}

function usageOf(service: ServicePlan, plan: EdgePlan, edge: EdgeState | undefined): Usage {
  const { capacityRps, concurrency } = service;
  const sums = edge?.window.sums(WINDOW_TICKS);
  const perSec = (count: number): number => (sums && sums.durationSec > 0 ? count / sums.durationSec : 0);
  const admittedRps = perSec(sums && sums.offered > 0 ? sums.admitted : (sums?.attempts ?? 0));
  return {
    allocated: {
      ...UNLIMITED,
      int: fraction(plan.guaranteeRps, capacityRps),
      ptr: fraction(plan.concurrency, concurrency),
    },
    consumed: {
      ...UNLIMITED,
      int: fraction(admittedRps, capacityRps),
      ptr: fraction(perSec((sums?.latencySumMs ?? 0) / 1000), concurrency),
    },
  };
}

const fraction = (part: number | null, whole: number | null): number | null =>
  part === null || whole === null || whole === 0 ? null : part / whole;
