import { LATENCY_BUCKET_COUNT } from '../../core/substrate/latency-buckets.ts';
import type { EdgeCounters } from '../../core/substrate/telemetry-frame.ts';
import { counters } from '../support/mesh-fixtures.ts';

/** Seconds ahead for which answers can be scheduled; a call takes no longer. */
const AHEAD_SEC = 16;
const BUCKETS_PER_LN = 1 / Math.log(1.2);

/** What one node counts on one edge. Answers are counted in the second that they fall into. */
export class NodeCounters {
  readonly #counts: { -readonly [K in keyof EdgeCounters]: EdgeCounters[K] };
  readonly #answers = new Float64Array(AHEAD_SEC * LATENCY_BUCKET_COUNT);
  readonly #latencyMs = new Float64Array(AHEAD_SEC);
  readonly #failures = new Float64Array(AHEAD_SEC);
  #buckets = new Array<number>(LATENCY_BUCKET_COUNT).fill(0);
  #answered = 0;

  constructor(workload: string, service: string) {
    this.#counts = counters(workload, service);
  }

  call(nowSec: number, finishSec: number, failed: boolean): void {
    this.#counts.offered++;
    this.#counts.admitted++;
    this.#counts.attempts++;
    const second = Math.min(Math.floor(finishSec), Math.floor(nowSec) + AHEAD_SEC - 1) % AHEAD_SEC;
    const latencyMs = 1000 * (finishSec - nowSec);
    const bucket = Math.max(0, Math.min(LATENCY_BUCKET_COUNT - 1, Math.ceil(Math.log(latencyMs) * BUCKETS_PER_LN)));
    const at = second * LATENCY_BUCKET_COUNT + bucket;
    this.#answers[at] = (this.#answers[at] ?? 0) + 1;
    this.#latencyMs[second] = (this.#latencyMs[second] ?? 0) + latencyMs;
    if (failed) this.#failures[second] = (this.#failures[second] ?? 0) + 1;
  }

  /** Counters at the end of a second. */
  endOf(second: number): EdgeCounters {
    const slot = second % AHEAD_SEC;
    const buckets = this.#buckets.slice();
    for (let k = 0; k < LATENCY_BUCKET_COUNT; k++) {
      const answers = this.#answers[slot * LATENCY_BUCKET_COUNT + k] ?? 0;
      buckets[k] = (buckets[k] ?? 0) + answers;
      this.#answered += answers;
    }
    this.#buckets = buckets;
    this.#counts.latencySumMs += this.#latencyMs[slot] ?? 0;
    this.#counts.failures += this.#failures[slot] ?? 0;
    this.#answers.fill(0, slot * LATENCY_BUCKET_COUNT, (slot + 1) * LATENCY_BUCKET_COUNT);
    this.#latencyMs[slot] = 0;
    this.#failures[slot] = 0;
    return { ...this.#counts, inFlight: this.#counts.attempts - this.#answered, latencyBuckets: buckets };
  }
}
