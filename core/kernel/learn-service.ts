import type { WindowSums } from '../substrate/window-sums.ts';
import { type EdgeState, unlearn } from './edge-state.ts';
import { sumsOfTenant, tenantRps } from './judge-isolation.ts';
import { type ServiceState, tenantOf } from './service-state.ts';
import { rateOf, type ServiceWindow } from './windows.ts';

/** A failing gate forbids learning for this long; then the model starts anew (MATHS §B1). */
const REBASELINE_MS = 30 * 60_000;

/**
 * Takes the newest tick into the model of a service, unless a gate fails: a
 * model must not learn the outage.
 *
 * @param failing a gate of the service fails, held or in this very tick
 */
export function learnService(
  service: ServiceState,
  services: ReadonlyMap<string, ServiceState>,
  window: ServiceWindow,
  failing: boolean,
  nowMs: number,
): void {
  if (failing) {
    freeze(service, nowMs);
    return;
  }
  service.frozenSinceMs = null;
  const durationSec = service.newest?.durationSec ?? 0;
  if ((service.newest?.answers ?? 0) > 0) service.learnedSec += durationSec;
  const loadRps = rateOf(window);
  for (const edge of service.edges.budgeted) {
    learnEdge(edge, services.get(edge.workload), durationSec, nowMs);
    // Over the window, as the gate will ask: load and latency of one tick are too noisy to belong together.
    edge.latency.learn(loadRps, edge.sums, durationSec);
  }
  for (const own of service.edges.tenants) {
    const sums = sumsOfTenant(own.edges, ownSums);
    tenantOf(service, own)?.model.learn(tenantRps(sums), sums, durationSec);
  }
}

const ownSums = ({ sums }: EdgeState): WindowSums => sums;

function freeze(service: ServiceState, nowMs: number): void {
  service.frozenSinceMs ??= nowMs;
  if (nowMs - service.frozenSinceMs < REBASELINE_MS) return;
  for (const edge of service.edges.all) unlearn(edge);
  for (const tenant of service.tenants.values()) tenant.model.clear();
  service.learnedSec = 0;
  service.frozenSinceMs = null;
}

function learnEdge(edge: EdgeState, caller: ServiceState | undefined, durationSec: number, nowMs: number): void {
  const { newest } = edge;
  if (newest === null) return;
  // Calls and the requests behind them only count together.
  const handled = caller?.lastDataMs === nowMs ? (caller.newest?.attempts ?? 0) : null;
  edge.model.learn(newest, handled, durationSec);
}
