import type { BreakerPlan } from '../allocators/capacity-plan.ts';
import { ceilShare } from './rounding.ts';

/** Envoy's thresholds are 32-bit. */
const MAX_THRESHOLD = 2 ** 31 - 1;

/**
 * Breaker of an edge in one Envoy: M = ⌈N_e · min(1, Σ live c_ptr) / nodes⌉ calls,
 * 2M connections, M pending (CONTRACT §D). Pending below M refuses calls that
 * only wait for a connection; connections equal to M let a second M queue.
 *
 * @param livePtr Σ of the workload's live c_ptr, a null counting 1; 1 without grants
 */
export function nodeBreaker(concurrency: number, livePtr: number, nodes: number): BreakerPlan {
  const calls = Math.min(MAX_THRESHOLD, ceilShare((concurrency * Math.min(1, livePtr)) / nodes));
  return {
    maxRequests: calls,
    maxConnections: Math.min(MAX_THRESHOLD, 2 * calls),
    maxPendingRequests: calls,
  };
}
