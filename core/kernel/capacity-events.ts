import type { CapacityPlan, EdgePlan, ServicePlan } from '../allocators/capacity-plan.ts';
import { type CapacityVector, UNLIMITED } from '../capacity/capacity-vector.ts';
import type { StabilityActionRecord } from '../stability/stability-action.ts';
import { WINDOW_TICKS } from '../substrate/edge-window.ts';
import { NO_SUMS, type WindowSums } from '../substrate/window-sums.ts';
import type { EdgeState } from './edge-state.ts';
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
  for (const service of plan.services) {
    const state = services.get(service.service);
    const isSummed = state !== undefined && windows.of(state).ticks === WINDOW_TICKS;
    const seen = state?.edges.values();
    for (const edge of service.edges) {
      const own = shares.get(edge.workload);
      // Nearly always in the same order.
      const next: EdgeState | undefined = seen?.next().value;
      if (own === undefined) continue;
      const known = next?.key === edge.key ? next : state?.edges.get(edge.key);
      const newest = isSummed ? known?.sums : known?.window.sums(WINDOW_TICKS);
      raiseShares(own, service, edge, newest ?? NO_SUMS);
    }
  }
  return new Map([...shares].map(([workload, own]) => [workload, usageOf(own)]));
}

/** Largest fractions so far; below 0 = of nothing that is known. */
interface Shares {
  guaranteed: number;
  admitted: number;
  calls: number;
  inFlight: number;
}

const noShares = (): Shares => ({ guaranteed: -1, admitted: -1, calls: -1, inFlight: -1 });

/** Changes `shares` in place: this runs over every edge of the mesh. */
function raiseShares(shares: Shares, service: ServicePlan, plan: EdgePlan, sums: WindowSums): void {
  const { capacityRps, concurrency } = service;
  const { durationSec } = sums;
  const admitted = sums.offered > 0 ? sums.admitted : sums.attempts;
  const held = sums.latencySumMs / 1000;
  if (capacityRps !== null && capacityRps !== 0) {
    if (plan.guaranteeRps !== null) shares.guaranteed = Math.max(shares.guaranteed, plan.guaranteeRps / capacityRps);
    shares.admitted = Math.max(shares.admitted, (durationSec > 0 ? admitted / durationSec : 0) / capacityRps);
  }
  if (concurrency !== null && concurrency !== 0) {
    if (plan.concurrency !== null) shares.calls = Math.max(shares.calls, plan.concurrency / concurrency);
    shares.inFlight = Math.max(shares.inFlight, (durationSec > 0 ? held / durationSec : 0) / concurrency);
  }
}

const usageOf = ({ guaranteed, admitted, calls, inFlight }: Shares): Usage => ({
  allocated: { ...UNLIMITED, int: known(guaranteed), ptr: known(calls) },
  consumed: { ...UNLIMITED, int: known(admitted), ptr: known(inFlight) },
});

const known = (share: number): number | null => (share < 0 ? null : share);
