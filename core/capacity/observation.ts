import { floorShare } from './rounding.ts';

/** What C_obs buys; a null counts 0.1. The gates' own counters are never sampled (CONTRACT §D). */
export interface ObservationLimits {
  /** 0 … 100. */
  readonly traceSamplingPercent: number;
  readonly accessLogLinesPerSec: number;
  /** Metric series of one tenant; the rest goes to `other`. */
  readonly seriesPerTenant: number;
}

/** C_obs of an edge that has none. */
export const DEFAULT_OBS = 0.1;

/** @param obs for `seriesPerTenant` the largest C_obs of the tenant's edges */
export function observationLimits(obs: number | null): ObservationLimits {
  const fraction = obs ?? DEFAULT_OBS;
  return {
    traceSamplingPercent: 100 * fraction,
    accessLogLinesPerSec: floorShare(1000 * fraction),
    seriesPerTenant: floorShare(10_000 * fraction),
  };
}
