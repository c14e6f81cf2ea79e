import type { ServicePlan } from '../allocators/capacity-plan.ts';
import type { CapacityVector } from '../capacity/capacity-vector.ts';
import type { LatencyCell } from '../gates/fit-latency.ts';
import { type IsolationVerdict, isolationGate, isolationThreshold, type PoolTenant } from '../gates/isolation.ts';
import { levelMassNeeded } from '../gates/isolation-level.ts';
import { WINDOW_TICKS, WINDOW_TICKS_MAX } from '../substrate/edge-window.ts';
import { varianceLog } from '../substrate/latency-model.ts';
import { NO_SUMS, type WindowSums } from '../substrate/window-sums.ts';
import type { EdgeState } from './edge-state.ts';
import type { ScratchList } from './scratch-list.ts';
import type { ServiceState } from './service-state.ts';
import { ISOLATION_TICKS, type TenantState, type TicksScratch } from './tenant-state.ts';

/**
 * Standard errors granted to chance: calls that share a queue do move each other a
 * little, and the gate looks every second, so that 95 % would fail one of them
 * every few hours (decision 10).
 */
const ISOLATION_Z = 2.5;

/** Does one tenant's load at a service move another's latency? (MATHS §B4) */
export function judgeIsolation(
  setting: number,
  service: ServiceState,
  plan: ServicePlan | undefined,
  live: CapacityVector,
  room: ScratchList<TicksScratch>,
): IsolationVerdict {
  const count = Math.min(service.tenantTicks, ISOLATION_TICKS);
  const windows = levelWindows(service);
  return isolationGate({
    tenants: [...service.tenants.values()].map((tenant, place) =>
      poolTenant(tenant, windows.get(tenant.name), plan, tenant.ticks(count, room.at(place))),
    ),
    threshold: isolationThreshold(setting, live.geo, live.int),
    z: ISOLATION_Z,
  });
}

/** Windows that a level is measured over: the shortest one in which a tenant has answers enough, so that it is seen soon. */
const LEVEL_TICKS: readonly number[] = [
  WINDOW_TICKS,
  ...[2, 4].map((factor) => factor * WINDOW_TICKS),
  WINDOW_TICKS_MAX,
];

function levelWindows(service: ServiceState): Map<string, TenantSums> {
  const windows = new Map<string, TenantSums>();
  const isEnough = (name: string, sums: TenantSums): boolean =>
    sums.answers >= levelMassNeeded(varianceLog(sums) * (service.tenants.get(name)?.model.dispersion ?? 1));
  for (const ticks of LEVEL_TICKS) {
    for (const { tenant, edges } of service.edges.tenants) {
      const shorter = windows.get(tenant);
      if (shorter !== undefined && isEnough(tenant, shorter)) continue;
      windows.set(
        tenant,
        sumsOfTenant(edges, ({ window }) => window.sums(ticks)),
      );
    }
    if ([...windows].every(([name, sums]) => isEnough(name, sums))) break;
  }
  return windows;
}

/** What a tenant did over a window, over all its edges. */
export type TenantSums = Readonly<Pick<WindowSums, 'attempts' | 'durationSec' | 'answers' | 'logSum' | 'logSquares'>>;

/** Sums of one edge or more; attempts and answers in calls, `durationSec` that of the longest window. */
export function sumsOfTenant(edges: readonly EdgeState[], sumsOf: (edge: EdgeState) => WindowSums): TenantSums {
  // Nearly always a tenant has one edge to a service.
  let sums: TenantSums | null = null;
  for (const edge of edges) sums = sums === null ? sumsOf(edge) : added(sums, sumsOf(edge));
  return sums ?? NO_SUMS;
}

const added = (a: TenantSums, b: TenantSums): TenantSums => ({
  attempts: a.attempts + b.attempts,
  durationSec: Math.max(a.durationSec, b.durationSec),
  answers: a.answers + b.answers,
  logSum: a.logSum + b.logSum,
  logSquares: a.logSquares + b.logSquares,
});

/** Calls per second of a tenant over the window. */
export const tenantRps = ({ attempts, durationSec }: TenantSums): number =>
  durationSec > 0 ? attempts / durationSec : 0;

function poolTenant(
  tenant: TenantState,
  sums: TenantSums | undefined,
  plan: ServicePlan | undefined,
  ticks: PoolTenant['ticks'],
): PoolTenant {
  return {
    name: tenant.name,
    ticks,
    level: sums ? levelOf(tenant, sums) : null,
    medianMs: sums && sums.answers > 0 ? Math.exp(sums.logSum / sums.answers) : null,
    entitledLoad: entitledRps(tenant.name, plan),
  };
}

function levelOf(tenant: TenantState, sums: TenantSums): LatencyCell | null {
  if (sums.answers === 0) return { count: 0, meanLog: 0, expectedMeanLog: 0, varianceLog: 0 };
  const expectedMeanLog = tenant.model.expected(tenantRps(sums));
  if (expectedMeanLog === null) return null;
  return {
    count: sums.answers,
    meanLog: sums.logSum / sums.answers,
    expectedMeanLog,
    varianceLog: varianceLog(sums) * tenant.model.dispersion,
  };
}

/** Sum of the guarantees of a tenant's edges, calls per second; `null` where one of them has no limit. */
function entitledRps(tenant: string, plan: ServicePlan | undefined): number | null {
  let entitled = 0;
  for (const edge of plan?.edges ?? []) {
    if (edge.tenant !== tenant) continue;
    if (edge.guaranteeRps === null) return null;
    entitled += edge.guaranteeRps;
  }
  return plan === undefined ? null : entitled;
}
