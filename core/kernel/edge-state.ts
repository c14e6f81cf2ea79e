import type { BudgetConfig, EdgeKey } from '../mesh/mesh-config.ts';
import type { EdgeDelta } from '../substrate/edge-delta.ts';
import { EdgeWindow, emptySums, type WindowSums } from '../substrate/edge-window.ts';

/** What the kernel knows about one edge. Changed in place by the tick. */
export interface EdgeState {
  readonly key: EdgeKey;
  readonly workload: string;
  readonly service: string;
  /** `null` for calls without identity: they count for the service's load, never for a gate (CONTRACT §F). */
  budget: BudgetConfig | null;
  readonly window: EdgeWindow;
  /** Sums over the window of its service, as of the newest tick. */
  sums: WindowSums;
  model: EdgeModel;
  /** The newest tick that was not missing, and its length; `null` before. */
  newest: EdgeDelta | null;
  newestSec: number;
}

/** Sums that fade with a half-life; ratios of them are the model (MATHS §B1). */
export interface EdgeModel {
  readonly answers: number;
  readonly logSum: number;
  readonly attempts: number;
  readonly failures: number;
  /** Calls made on this edge, and requests that its caller handled meanwhile. */
  readonly calls: number;
  readonly requests: number;
}

export const EMPTY_MODEL: EdgeModel = { answers: 0, logSum: 0, attempts: 0, failures: 0, calls: 0, requests: 0 };

/** Time in which what was learned counts half. */
const HALF_LIFE_SEC = 300;

/** Takes one tick into the model. */
export function learn(model: EdgeModel, seen: EdgeModel, durationSec: number): EdgeModel {
  const keep = 2 ** (-durationSec / HALF_LIFE_SEC);
  return {
    answers: keep * model.answers + seen.answers,
    logSum: keep * model.logSum + seen.logSum,
    attempts: keep * model.attempts + seen.attempts,
    failures: keep * model.failures + seen.failures,
    calls: keep * model.calls + seen.calls,
    requests: keep * model.requests + seen.requests,
  };
}

export function createEdgeState(key: EdgeKey, workload: string, service: string): EdgeState {
  return {
    key,
    workload,
    service,
    budget: null,
    window: new EdgeWindow(),
    sums: emptySums(),
    model: EMPTY_MODEL,
    newest: null,
    newestSec: 0,
  };
}

/** Calls made, admitted or not; where no sidecar counts them, attempts. */
export const callsOf = (counts: { readonly offered: number; readonly attempts: number }): number =>
  counts.offered > 0 ? counts.offered : counts.attempts;
