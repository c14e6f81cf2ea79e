/**
 * Latency buckets shared by Envoy's histograms, frames and gates: bucket 0
 * counts (0, 1] ms, bucket k counts (1.2^(k−1), 1.2^k] ms, and the last one
 * everything above 1.2^62 ms (CONTRACT §F).
 */
export const LATENCY_BOUNDS_MS: readonly number[] = Array.from({ length: 63 }, (_, k) => 1.2 ** k);
/** One bucket below each bound, and one above the last. */
export const LATENCY_BUCKET_COUNT = LATENCY_BOUNDS_MS.length + 1;

const boundMs = (bucket: number): number => LATENCY_BOUNDS_MS[bucket] ?? 0;

/** Mid-point of each bucket; half a millisecond for the first, the lower bound for the open last one. */
export const LATENCY_MIDPOINTS_MS: readonly number[] = Array.from({ length: LATENCY_BUCKET_COUNT }, (_, bucket) => {
  if (bucket === 0) return 0.5;
  return bucket < LATENCY_BOUNDS_MS.length ? (boundMs(bucket - 1) + boundMs(bucket)) / 2 : boundMs(bucket - 1);
});

const LOG_MIDPOINTS: readonly number[] = LATENCY_MIDPOINTS_MS.map((ms) => Math.log(ms));

/** The bucket that counts a latency. */
export function latencyBucket(latencyMs: number): number {
  const bucket = LATENCY_BOUNDS_MS.findIndex((bound) => latencyMs <= bound);
  return bucket < 0 ? LATENCY_BUCKET_COUNT - 1 : bucket;
}

/** Sums of y = ln(latency in ms) over the answers in some buckets. */
export interface LogMoments {
  readonly count: number;
  /** Σ y. */
  readonly sum: number;
  /** Σ y². */
  readonly squares: number;
}

/** n, Σ y and Σ y² with y = ln of the mid-point of each bucket in ms: bucket 0 counts as 0.5 ms (CONTRACT §F). */
export function logMoments(buckets: readonly number[]): LogMoments {
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (let k = 0; k < buckets.length; k++) {
    const answers = buckets[k] ?? 0;
    if (answers === 0) continue;
    const y = LOG_MIDPOINTS[k] ?? 0;
    count += answers;
    sum += answers * y;
    squares += answers * y * y;
  }
  return { count, sum, squares };
}

/** The buckets up to the last one that has any answers: more need not be told. */
export function answeredBuckets(buckets: ArrayLike<number>): number[] {
  let size = buckets.length;
  while (size > 0 && buckets[size - 1] === 0) size--;
  const answered = new Array<number>(size);
  for (let k = 0; k < size; k++) answered[k] = buckets[k] ?? 0;
  return answered;
}

/** Answers in all buckets together. */
export function countAnswers(buckets: readonly number[]): number {
  let count = 0;
  for (const answers of buckets) count += answers;
  return count;
}

/** Latency below which a share of the answers lies, by interpolation inside its bucket; `null` without answers. */
export function latencyQuantileMs(buckets: readonly number[], share: number): number | null {
  const total = countAnswers(buckets);
  if (!(total > 0)) return null;
  let below = 0;
  for (let k = 0; k < buckets.length; k++) {
    const answers = buckets[k] ?? 0;
    if (answers > 0 && below + answers >= share * total) {
      const low = k === 0 ? 0 : boundMs(k - 1);
      const high = k < LATENCY_BOUNDS_MS.length ? boundMs(k) : low;
      return low + (high - low) * Math.max(0, (share * total - below) / answers);
    }
    below += answers;
  }
  return boundMs(LATENCY_BOUNDS_MS.length - 1);
}
