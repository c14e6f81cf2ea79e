import { LATENCY_BUCKET_COUNT } from '../../core/substrate/latency-buckets.ts';
import type { EnvoyEdgeCounters } from '../../ext-authz/sinks/envoy-counters.ts';
import { bucketOf } from '../support/mesh-fixtures.ts';
import { type EndingCall, EndingCalls } from './ending-calls.ts';

/** An edge's cluster in one Envoy: its breaker, its calls in flight and its counters, exact at every moment. */
export class SimulatedCluster {
  /** The breaker's `max_requests`. */
  maxRequests = Number.POSITIVE_INFINITY;
  readonly #ending = new EndingCalls();
  readonly #latencyBuckets = new Array<number>(LATENCY_BUCKET_COUNT).fill(0);
  #attempts = 0;
  #failures = 0;
  #timeouts = 0;
  #breakerRefused = 0;
  #latencySumMs = 0;

  /** Whether the breaker lets a call pass; counts it either way. */
  lets(nowSec: number): boolean {
    this.#settle(nowSec);
    if (this.#ending.size >= this.maxRequests) {
      this.#breakerRefused++;
      return false;
    }
    this.#attempts++;
    return true;
  }

  /** What became of a call that was let pass. */
  note(call: EndingCall): void {
    this.#ending.push(call);
  }

  counters(nowSec: number): EnvoyEdgeCounters {
    this.#settle(nowSec);
    return {
      attempts: this.#attempts,
      retries: 0,
      failures: this.#failures,
      timeouts: this.#timeouts,
      breakerRefused: this.#breakerRefused,
      nativeRefused: 0,
      inFlight: this.#ending.size,
      latencyBuckets: [...this.#latencyBuckets],
      latencySumMs: this.#latencySumMs,
    };
  }

  #settle(nowSec: number): void {
    for (let call = this.#ending.popEnded(nowSec); call !== null; call = this.#ending.popEnded(nowSec)) {
      if (call.outcome !== 'good') this.#failures++;
      if (call.outcome === 'timeout') {
        this.#timeouts++;
        continue;
      }
      // Envoy tells whole milliseconds.
      const latencyMs = Math.floor(call.latencyMs);
      const bucket = bucketOf(latencyMs);
      this.#latencyBuckets[bucket] = (this.#latencyBuckets[bucket] ?? 0) + 1;
      this.#latencySumMs += latencyMs;
    }
  }
}
