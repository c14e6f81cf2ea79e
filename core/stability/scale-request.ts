import { queueGrowth } from '../admission/latency-growth.ts';
import { ceilShare } from '../capacity/rounding.ts';
import { CONGESTION_LIMIT } from '../gates/fit.ts';
import { LEVEL_LIMIT } from '../gates/isolation-level.ts';
import type { Measure } from './measure.ts';
import type { StabilityScene } from './stability-scene.ts';

export interface ScaleInput {
  /** Calls per second that would come if none were refused for want of capacity. */
  readonly demandRps: number;
  /** K as it was found, calls per second. */
  readonly capacityRps: number;
  /** R0, s; 0 = unknown, as for one server. */
  readonly baselineSec: number;
  /** Several tenants share the service, so that isolation is judged. */
  readonly isShared: boolean;
}

/** What a service would have to be able to do. */
export interface ScaleDecision {
  /** K, calls per second. */
  readonly capacityRps: number;
  /** N, calls in flight. */
  readonly concurrency: number;
  /** K over what there is; never below 1. */
  readonly factor: number;
}

/** Every gate must come down to this, which is where a failed one passes again (MATHS §B6, §B7). */
const RATIO_WANTED = 0.8;
/** More is not asked for at once. */
const FACTOR_MAX = 10;
/** Room above what is in flight on average (MATHS §B5). */
const HEADROOM = 1.5;
/** Within this share of the smallest capacity. */
const TOLERANCE = 1e-6;

/**
 * The smallest capacity with which the gates that follow load would come to 0.8:
 * K' with 1/3·R(demand, K')/R0 ≤ 0.8 (fit) and, on a shared service,
 * ln(R/R0)/ln 1.5 ≤ 0.8 (isolation), R of a queue as in `queueGrowth`; and by
 * Little's law the calls in flight that this takes (MATHS §B7, "scale decision").
 * At most ten times what there is.
 */
export function scaleDecision({ demandRps, capacityRps, baselineSec, isShared }: ScaleInput): ScaleDecision {
  const fitGrowth = RATIO_WANTED * CONGESTION_LIMIT;
  const growthMax = isShared ? Math.min(fitGrowth, Math.exp(RATIO_WANTED * LEVEL_LIMIT)) : fitGrowth;
  const suffices = (factor: number): boolean => queueGrowth(demandRps, factor * capacityRps, baselineSec) <= growthMax;
  let [low, high] = [1, FACTOR_MAX];
  if (suffices(low)) high = low;
  while (high - low > TOLERANCE) {
    const middle = (low + high) / 2;
    if (suffices(middle)) high = middle;
    else low = middle;
  }
  return {
    capacityRps: high * capacityRps,
    concurrency: Math.max(1, ceilShare(HEADROOM * demandRps * baselineSec * growthMax)),
    factor: high,
  };
}

/** A service is held back for this long before more of it is asked for: the last resort. */
export const SCALE_AFTER_MS = 60_000;
/** Sizes are told in such steps, upwards. */
const SIZE_STEP = 0.25;

/**
 * Asks for a larger service where calls have been refused for want of capacity,
 * by breakers or by sheds, for a minute; what budgets refuse is as operators want
 * it and counts for nothing. `null` = no more is needed.
 */
export function requestScale(scene: StabilityScene): Measure | null {
  const { edges, capacityRps, baselineSec } = scene;
  const refusedRps = edges.reduce((sum, edge) => sum + edge.breakerRefusedRps + edge.shedRps, 0);
  if (!(refusedRps > 0 && capacityRps > 0)) return null;
  const demandRps = edges.reduce((sum, edge) => sum + edge.admittedRps + edge.shedRps, 0);
  const isShared = new Set(edges.filter(({ offeredRps }) => offeredRps > 0).map(({ tenant }) => tenant)).size > 1;
  const { factor } = scaleDecision({ demandRps, capacityRps, baselineSec, isShared });
  const size = Math.min(FACTOR_MAX, SIZE_STEP * Math.ceil(factor / SIZE_STEP));
  if (size <= 1) return null;
  return { gate: 'fit', horizon: 'long-term', kind: 'request-scale', target: scene.service, size, edges: [] };
}
