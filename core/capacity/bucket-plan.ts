import type { BucketPlan } from '../allocators/capacity-plan.ts';
import { ceilShare } from './rounding.ts';

const FILL_SECONDS = 0.1;
const BACKSTOP_FACTOR = 1.2;
/** One call per hour: intervals stay within what a protobuf duration and Envoy's timers hold. */
const RATE_MIN_RPS = 1 / 3600;

/**
 * A rate as Envoy's token bucket: t = ⌈0.1 s · rate⌉ tokens per t/rate s, so the
 * rate is exact and the interval never falls below Envoy's 50 ms (CONTRACT §D;
 * maps to `max_tokens`, `tokens_per_fill`, `fill_interval`). At least one call per hour.
 */
export function bucketPlan(rateRps: number, size: number): BucketPlan {
  const rate = Math.max(RATE_MIN_RPS, rateRps);
  const tokensPerFill = ceilShare(FILL_SECONDS * rate);
  return {
    maxTokens: Math.max(1, ceilShare(size)),
    tokensPerFill,
    fillIntervalMs: (tokensPerFill * 1000) / rate,
  };
}

/** Per node and route: rate 1.2·C_int·K, size ⌈1.2·σ_e⌉. Must never fire in health (CONTRACT §D). */
export const backstopBucket = (askedRps: number, burst: number): BucketPlan =>
  bucketPlan(BACKSTOP_FACTOR * askedRps, BACKSTOP_FACTOR * burst);

/** Per node while the authorizer is unreachable: guarantee_e ÷ nodes, σ_e ÷ nodes (CONTRACT §D). */
export const safeBucket = (guaranteeRps: number, burst: number, nodes: number): BucketPlan =>
  bucketPlan(guaranteeRps / nodes, burst / nodes);
