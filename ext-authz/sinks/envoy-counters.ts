import { LATENCY_BOUNDS_MS, LATENCY_BUCKET_COUNT } from '../../core/substrate/latency-buckets.ts';
import type { EnvoyEdgeCounters } from '../../core/substrate/telemetry-frame.ts';

/** A histogram of one flush as Envoy sends it: counts up to each bound, and all of them. */
export interface IntervalHistogram {
  readonly sampleCount?: number | undefined;
  readonly sampleSum?: number | undefined;
  readonly bucket: readonly {
    readonly cumulativeCount?: number | undefined;
    readonly upperBound?: number | undefined;
  }[];
}

/** Counters of Envoy that are folded, by what they mean. */
export type EnvoyCounterName =
  | 'attempts'
  | 'retries'
  | 'answers5xx'
  | 'timeouts'
  | 'pendingRefused'
  | 'activeRefused'
  | 'nativeRefused';

const COUNTERS: readonly EnvoyCounterName[] = [
  'attempts',
  'retries',
  'answers5xx',
  'timeouts',
  'pendingRefused',
  'activeRefused',
  'nativeRefused',
];

/** Folds one edge's statistics over restarts of Envoy. */
export class EnvoyEdge {
  /** Last raw value of each counter; it starts again from zero with Envoy. */
  readonly #last = new Map<EnvoyCounterName, number>();
  readonly #sum = new Map<EnvoyCounterName, number>(COUNTERS.map((name) => [name, 0]));
  readonly #latencyBuckets = new Array<number>(LATENCY_BUCKET_COUNT).fill(0);
  #latencySumMs = 0;
  #inFlight = 0;
  #failures = 0;

  /**
   * Takes a cumulative counter. A decrease means that Envoy has started again:
   * the new value is all new. With `baseline` the value only becomes the point to
   * count from, for what Envoy had counted before we did.
   */
  counter(name: EnvoyCounterName, value: number, baseline: boolean): void {
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) return;
    const last = this.#last.get(name) ?? 0;
    this.#last.set(name, value);
    if (baseline) return;
    this.#sum.set(name, this.#of(name) + (value >= last ? value - last : value));
  }

  gauge(inFlight: number): void {
    if (inFlight >= 0 && inFlight <= 0xffff_ffff) this.#inFlight = Math.floor(inFlight);
  }

  /** Adds the latencies of one flush; Envoy's counts are cumulative over bounds and carry no last, open bucket. */
  histogram({ sampleCount = 0, sampleSum = 0, bucket }: IntervalHistogram): void {
    let below = 0;
    for (const { cumulativeCount = 0, upperBound = 0 } of bucket) {
      if (cumulativeCount > below) this.#addLatencies(upperBound, cumulativeCount - below);
      below = Math.max(below, cumulativeCount);
    }
    if (sampleCount > below) this.#addLatencies(Number.POSITIVE_INFINITY, sampleCount - below);
    if (sampleSum > 0 && sampleSum < Number.MAX_SAFE_INTEGER) this.#latencySumMs += sampleSum;
  }

  snapshot(): EnvoyEdgeCounters {
    const breakerRefused = this.#of('pendingRefused') + this.#of('activeRefused');
    // A breaker refusal, a time-out and a reset are each answered with a 5xx, so these hold all failures
    // and the refusals. The counters of one flush are not of one instant: what was told is never taken back.
    this.#failures = Math.max(this.#failures, this.#of('answers5xx') - breakerRefused);
    return {
      attempts: this.#of('attempts'),
      retries: this.#of('retries'),
      failures: this.#failures,
      timeouts: this.#of('timeouts'),
      breakerRefused,
      nativeRefused: this.#of('nativeRefused'),
      inFlight: this.#inFlight,
      latencyBuckets: [...this.#latencyBuckets],
      latencySumMs: this.#latencySumMs,
    };
  }

  #of(name: EnvoyCounterName): number {
    return this.#sum.get(name) ?? 0;
  }

  #addLatencies(upperBoundMs: number, count: number): void {
    const index = bucketOf(upperBoundMs);
    this.#latencyBuckets[index] = (this.#latencyBuckets[index] ?? 0) + count;
  }
}

/** Index of the bucket whose bound is `upperBoundMs`, or of the next higher one; the last holds everything beyond. */
function bucketOf(upperBoundMs: number): number {
  let low = 0;
  let high = LATENCY_BOUNDS_MS.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    // Bounds travel as decimal text in Envoy's configuration.
    if ((LATENCY_BOUNDS_MS[middle] ?? 0) >= upperBoundMs * (1 - 1e-6)) high = middle;
    else low = middle + 1;
  }
  return low;
}
