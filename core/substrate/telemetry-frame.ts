/**
 * What one node saw: counters cumulative since `instance` started counting.
 * Same shape as `capmesh.v1.Frame` on the wire.
 */
export interface TelemetryFrame {
  readonly mesh: string;
  readonly node: string;
  readonly instance: string;
  readonly seq: number;
  /** UTC milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  /** Length of the interval on the monotonic clock. */
  readonly durationMs: number;
  readonly edges: readonly EdgeCounters[];
  readonly leaseSeq: number;
  readonly resources?: ResourceSample | undefined;
  readonly part: number;
  readonly parts: number;
}

export interface EdgeCounters extends EnvoyEdgeCounters {
  readonly workload: string;
  readonly service: string;
  readonly offered: number;
  readonly admitted: number;
  /** By refusal reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Of this interval only: largest level of the admitted-arrivals bucket (ρ, σ = guarantee), calls. */
  readonly admittedLevelMax: number;
}

/** Envoy's half of an edge's counters; cumulative. */
export interface EnvoyEdgeCounters {
  readonly attempts: number;
  readonly retries: number;
  readonly failures: number;
  readonly timeouts: number;
  readonly breakerRefused: number;
  readonly nativeRefused: number;
  /** When the frame was taken; not cumulative. */
  readonly inFlight: number;
  /** Answers per latency bucket, see `latency-buckets.ts`. */
  readonly latencyBuckets: readonly number[];
  readonly latencySumMs: number;
}

export interface ResourceSample {
  readonly cpuRatio: number;
  readonly memoryUsedBytes: number;
  readonly memoryTotalBytes: number;
  readonly networkBytes: number;
  readonly diskBytes: number;
}
