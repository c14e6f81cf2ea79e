const RATIO = 1.05;
const FIRST_BOUND_MS = 0.1;
const BUCKETS = 260;

/** Latencies in buckets that grow by 5 %, from 0.1 ms to about half a minute. */
export class LatencyHistogram {
  private readonly counts = new Uint32Array(BUCKETS);
  private total = 0;

  add(latencyMs: number): void {
    const index = latencyMs <= FIRST_BOUND_MS ? 0 : Math.ceil(Math.log(latencyMs / FIRST_BOUND_MS) / Math.log(RATIO));
    const bucket = Math.min(index, BUCKETS - 1);
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.total += 1;
  }

  /** Upper bound of the bucket that holds the quantile, ms; `null` when nothing was measured. */
  quantileMs(quantile: number): number | null {
    if (this.total === 0) return null;
    let seen = 0;
    for (let i = 0; i < BUCKETS; i += 1) {
      seen += this.counts[i] ?? 0;
      if (seen >= quantile * this.total) return FIRST_BOUND_MS * RATIO ** i;
    }
    return FIRST_BOUND_MS * RATIO ** (BUCKETS - 1);
  }
}
