import { LATENCY_BUCKET_COUNT, latencyBucket } from '../substrate/latency-buckets.ts';
import type { EnvoyEdgeCounters } from '../substrate/telemetry-frame.ts';
import type { Outcome } from './outcome.ts';

/** Envoy's own default; Capmesh gives each edge one of its own (`retry_budget.budget_percent`). */
const RETRY_BUDGET_PERCENT = 20;
/** As Capmesh renders it (`retry_budget.min_retry_concurrency`). */
const RETRY_CONCURRENCY_MIN = 1;
/** Buckets of whole milliseconds up to here are looked up. */
const BUCKETS = Uint8Array.from({ length: 2048 }, (_, ms) => latencyBucket(ms));

/** An edge's cluster in one Envoy: its breaker, its retry budget, its calls in flight and its counters, exact at every moment. */
export class SimulatedCluster {
  /** The breaker's `max_requests`. */
  maxRequests = Number.POSITIVE_INFINITY;
  retryBudgetPercent = RETRY_BUDGET_PERCENT;
  readonly #latencyBuckets = new Array<number>(LATENCY_BUCKET_COUNT).fill(0);
  #inFlight = 0;
  #retrying = 0;
  #attempts = 0;
  #retries = 0;
  #failures = 0;
  #timeouts = 0;
  #breakerRefused = 0;
  #latencySumMs = 0;

  /** Whether the breaker lets a call pass; counts it either way. */
  lets(): boolean {
    if (this.#inFlight >= this.maxRequests) {
      this.#breakerRefused++;
      return false;
    }
    this.#attempts++;
    this.#inFlight++;
    return true;
  }

  /** Whether the retry budget lets Envoy connect a second time: calls being retried ≤ max(1, budget · calls in flight). */
  retries(): boolean {
    const budget = Math.max(RETRY_CONCURRENCY_MIN, Math.floor((this.retryBudgetPercent / 100) * this.#inFlight));
    if (this.#retrying >= budget) return false;
    this.#retrying++;
    this.#retries++;
    this.#attempts++;
    return true;
  }

  /** What became of a call that was let pass; an answer has a latency, as Envoy measures it. */
  ended(outcome: Outcome, latencyMs: number, reconnected: boolean): void {
    this.#leave(reconnected);
    if (outcome !== 'good') this.#failures++;
    if (outcome === 'timeout') this.#timeouts++;
    if (outcome !== 'good' && outcome !== 'failed') return;
    // Envoy tells whole milliseconds.
    const wholeMs = Math.floor(latencyMs);
    const bucket = BUCKETS[wholeMs] ?? latencyBucket(wholeMs);
    this.#latencyBuckets[bucket] = (this.#latencyBuckets[bucket] ?? 0) + 1;
    this.#latencySumMs += wholeMs;
  }

  /** The caller hung up: neither an answer nor a failure. */
  cancelled(reconnected: boolean): void {
    this.#leave(reconnected);
  }

  counters(): EnvoyEdgeCounters {
    return {
      attempts: this.#attempts,
      retries: this.#retries,
      failures: this.#failures,
      timeouts: this.#timeouts,
      breakerRefused: this.#breakerRefused,
      nativeRefused: 0,
      inFlight: this.#inFlight,
      latencyBuckets: this.#latencyBuckets.slice(),
      latencySumMs: this.#latencySumMs,
    };
  }

  #leave(reconnected: boolean): void {
    this.#inFlight--;
    if (reconnected) this.#retrying--;
  }
}
