import type { BudgetConfig, EdgeKey } from '../mesh/mesh-config.ts';
import type { EdgeDelta } from '../substrate/edge-delta.ts';
import { EdgeWindow, emptySums, type WindowSums } from '../substrate/edge-window.ts';
import { fading } from '../substrate/fading.ts';
import { LatencyModel } from '../substrate/latency-model.ts';
import type { EdgeViews } from './edge-views.ts';

/** What the kernel knows about one edge. Changed in place by the tick. */
export interface EdgeState {
  readonly key: EdgeKey;
  readonly workload: string;
  readonly service: string;
  /** `null` for calls without identity: they count for the service's load, never for a gate (CONTRACT §F). */
  budget: BudgetConfig | null;
  tenant: string;
  readonly window: EdgeWindow;
  /** Sums over the window of its service, as of the newest tick. */
  readonly sums: WindowSums;
  readonly model: EdgeModel;
  /** ŷ by the load of the whole service. */
  readonly latency: LatencyModel;
  /** Latencies as several nodes see them; `null` while there is one node. */
  views: EdgeViews | null;
  /** What nodes reported for this tick, until it is observed. */
  arrived: EdgeDelta | null;
  /** The newest tick that was not missing, and its length; `null` before. */
  newest: EdgeDelta | null;
  newestSec: number;
}

/** Sums that fade with a half-life; ratios of them are the model (MATHS §B1). */
export interface EdgeModel {
  attempts: number;
  failures: number;
  /** Calls made on this edge, and requests that its caller handled meanwhile. */
  calls: number;
  requests: number;
}

const emptyModel = (): EdgeModel => ({ attempts: 0, failures: 0, calls: 0, requests: 0 });

/** Time in which what was learned counts half. */
const HALF_LIFE_SEC = 300;
const keptAfter = fading(HALF_LIFE_SEC);

/**
 * Takes one tick into the model.
 *
 * @param handled requests that the caller handled meanwhile; `null` = not known, and the calls then do not count either
 */
export function learn(model: EdgeModel, seen: EdgeDelta, handled: number | null, durationSec: number): void {
  const keep = keptAfter(durationSec);
  model.attempts = keep * model.attempts + seen.attempts;
  model.failures = keep * model.failures + seen.failures;
  model.calls = keep * model.calls + (handled === null ? 0 : callsOf(seen));
  model.requests = keep * model.requests + (handled ?? 0);
}

/** m_e: calls that the model expects for so many requests handled by the caller (MATHS §B1). */
export const expectedCalls = ({ calls, requests }: EdgeModel, handled: number): number => (handled * calls) / requests;

/** Forgets what was learned of an edge. */
export function unlearn(edge: EdgeState): void {
  Object.assign(edge.model, emptyModel());
  edge.latency.clear();
}

/** An edge of which nothing is known yet, and that has no budget so far. */
export function createEdgeState(key: EdgeKey, workload: string, service: string): EdgeState {
  return {
    key,
    workload,
    service,
    budget: null,
    tenant: workload,
    window: new EdgeWindow(),
    sums: emptySums(),
    model: emptyModel(),
    latency: new LatencyModel(),
    views: null,
    arrived: null,
    newest: null,
    newestSec: 0,
  };
}

/** Calls made, admitted or not; where no sidecar counts them, attempts. */
export const callsOf = (counts: { readonly offered: number; readonly attempts: number }): number =>
  counts.offered > 0 ? counts.offered : counts.attempts;
