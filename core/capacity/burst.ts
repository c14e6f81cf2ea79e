/** Calls that any edge may send at once, however small its rate. */
export const BURST_MIN_CALLS = 25;
/** Smallest burst of one sidecar's share of an edge. */
export const SLICE_BURST_MIN_CALLS = 5;
const BURST_SECONDS = 0.2;

/** σ_e = max(25, 0.2 s · guarantee_e), calls (CONTRACT §D). */
export const edgeBurst = (guaranteeRps: number): number => Math.max(BURST_MIN_CALLS, BURST_SECONDS * guaranteeRps);

/** Burst of a sidecar that holds `share` (0 … 1) of an edge: the same share of σ_e, at least 5 calls (CONTRACT §D). */
export const sliceBurst = (burst: number, share: number): number => Math.max(SLICE_BURST_MIN_CALLS, share * burst);

/** Rate in calls per second and size in calls of one token bucket. */
export interface RateAndBurst {
  readonly rateRps: number;
  readonly burst: number;
}

/**
 * Bucket of one token on one edge at one sidecar (CONTRACT §D): rate c·limit_e,
 * burst max(25, c·σ_e), both times the share of the edge that the sidecar's
 * lease holds; the burst is at least 5.
 *
 * @param cInt the token's fraction; `null` = whatever the budget says, that is 1
 * @param slice the sidecar's slice of limit_e and σ_e
 * @param edgeBurstCalls σ_e of the whole edge
 */
export function tokenLimit(cInt: number | null, slice: RateAndBurst, edgeBurstCalls: number): RateAndBurst {
  const fraction = cInt ?? 1;
  const share = edgeBurstCalls > 0 ? Math.min(1, slice.burst / edgeBurstCalls) : 1;
  return {
    rateRps: fraction * slice.rateRps,
    burst: sliceBurst(Math.max(BURST_MIN_CALLS, fraction * edgeBurstCalls), share),
  };
}
