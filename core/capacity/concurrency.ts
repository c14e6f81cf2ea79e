import { guaranteedShares } from './rate-limits.ts';
import { ceilShare, floorShare } from './rounding.ts';

/** N_e of an edge that only a rate limits, while R0 is unknown (CONTRACT §D). */
export const COLD_CONCURRENCY = 1024;
const LITTLE_HEADROOM = 1.5;

/** max(1, ⌊wf(N, C_ptr·N, w)⌋) for every edge that has a C_ptr (CONTRACT §D). */
export const concurrencyShares = (total: number, ptr: readonly number[], weights: readonly number[]): number[] =>
  guaranteedShares(total, ptr, weights).map((share) => Math.max(1, floorShare(share)));

/** Little's law with headroom, ⌈1.5·guarantee_e·R0⌉; 1024 while R0 is unknown (CONTRACT §D, C_ptr null). */
export const littleConcurrency = (guaranteeRps: number, baselineLatencyMs: number | null): number =>
  baselineLatencyMs === null
    ? COLD_CONCURRENCY
    : Math.max(1, ceilShare((LITTLE_HEADROOM * guaranteeRps * baselineLatencyMs) / 1000));
