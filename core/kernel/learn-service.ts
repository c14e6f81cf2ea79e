import { callsOf, type EdgeState, EMPTY_MODEL, learn } from './edge-state.ts';
import type { ServiceState } from './service-state.ts';

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
  for (const edge of service.edges.values()) {
    if (edge.budget !== null) learnEdge(edge, services.get(edge.workload), durationSec, nowMs);
  }
}

function freeze(service: ServiceState, nowMs: number): void {
  service.frozenSinceMs ??= nowMs;
  if (nowMs - service.frozenSinceMs < REBASELINE_MS) return;
  for (const edge of service.edges.values()) edge.model = EMPTY_MODEL;
  service.learnedSec = 0;
  service.frozenSinceMs = null;
}

function learnEdge(edge: EdgeState, caller: ServiceState | undefined, durationSec: number, nowMs: number): void {
  const seen = edge.window.sums(1);
  // Calls and the requests behind them only count together.
  const handled = caller?.lastDataMs === nowMs ? (caller.newest?.attempts ?? 0) : null;
  edge.model = learn(
    edge.model,
    {
      answers: seen.answers,
      logSum: seen.logSum,
      attempts: seen.attempts,
      failures: seen.failures,
      calls: handled === null ? 0 : callsOf(seen),
      requests: handled ?? 0,
    },
    durationSec,
  );
}
