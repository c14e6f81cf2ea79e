import type { CapacityPlan, EdgePlan, ServicePlan } from '../allocators/capacity-plan.ts';
import { type CapacityVector, UNLIMITED } from '../capacity/capacity-vector.ts';
import { largerOf } from '../capacity/live-capacity.ts';
import type { StabilityActionRecord } from '../stability/stability-action.ts';
import { emptySums, WINDOW_TICKS, type WindowSums } from '../substrate/edge-window.ts';
import type { CapacityEventRecord } from './kernel-io.ts';
import type { MeasuredMesh } from './measure-mesh.ts';
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
  measured: MeasuredMesh,
  plan: CapacityPlan,
  wallMs: number,
): CapacityEventRecord[] {
  if (news.length === 0) return [];
  const usage = usageByWorkload(news, measured, plan);
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

/**
 * Of the workloads that are told something. Fractions of the services' capacities,
 * componentwise maximum over the edges of a workload (CONTRACT §I).
 */
function usageByWorkload(
  news: readonly ServiceNews[],
  { services, windows }: MeasuredMesh,
  plan: CapacityPlan,
): Map<string, Usage> {
  const shares = new Map<string, Shares>();
  for (const { edges } of new Set(news.map(({ service }) => service))) {
    for (const { workload } of edges.values()) shares.set(workload, noShares());
  }
  const sums = emptySums();
  for (const service of plan.services) {
    const state = services.get(service.service);
    const isSummed = state !== undefined && windows.of(state).ticks === WINDOW_TICKS;
    for (const edge of service.edges) {
      const own = shares.get(edge.workload);
      if (own === undefined) continue;
      const known = state?.edges.get(edge.key);
      const newest = isSummed ? known?.sums : known?.window.sumInto(sums, WINDOW_TICKS);
      raiseShares(own, service, edge, newest ?? NO_SUMS);
    }
  }
  return new Map([...shares].map(([workload, own]) => [workload, usageOf(own)]));
}

/** Largest fractions so far; `null` = of nothing that is known. */
interface Shares {
  guaranteed: number | null;
  admitted: number | null;
  calls: number | null;
  inFlight: number | null;
}

const noShares = (): Shares => ({ guaranteed: null, admitted: null, calls: null, inFlight: null });

const NO_SUMS = emptySums();

/** Changes `shares` in place: this runs over every edge of the mesh. */
function raiseShares(shares: Shares, service: ServicePlan, plan: EdgePlan, sums: WindowSums): void {
  const { capacityRps, concurrency } = service;
  const { durationSec } = sums;
  const admitted = sums.offered > 0 ? sums.admitted : sums.attempts;
  const perSec = (count: number): number => (durationSec > 0 ? count / durationSec : 0);
  shares.guaranteed = largerOf(shares.guaranteed, fraction(plan.guaranteeRps, capacityRps));
  shares.calls = largerOf(shares.calls, fraction(plan.concurrency, concurrency));
  shares.admitted = largerOf(shares.admitted, fraction(perSec(admitted), capacityRps));
  shares.inFlight = largerOf(shares.inFlight, fraction(perSec(sums.latencySumMs / 1000), concurrency));
}

const usageOf = ({ guaranteed, admitted, calls, inFlight }: Shares): Usage => ({
  allocated: { ...UNLIMITED, int: guaranteed, ptr: calls },
  consumed: { ...UNLIMITED, int: admitted, ptr: inFlight },
});

const fraction = (part: number | null, whole: number | null): number | null =>
  part === null || whole === null || whole === 0 ? null : part / whole;
