/**
 * Latency buckets shared by Envoy's histograms, frames and gates: bucket 0
 * counts (0, 1] ms, bucket k counts (1.2^(k−1), 1.2^k] ms, and the last one
 * everything above 1.2^62 ms (CONTRACT §F).
 */
export const LATENCY_BOUNDS_MS: readonly number[] = Array.from({ length: 63 }, (_, k) => 1.2 ** k);
export const LATENCY_BUCKET_COUNT = LATENCY_BOUNDS_MS.length + 1;
