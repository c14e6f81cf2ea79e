import { createEdgeRecord, type EdgeRecord } from '../admission/edge-record.ts';
import { type LoadEstimate, type LoadReservation, settleLoad } from '../admission/load-limit.ts';
import { LATENCY_BUCKET_COUNT, latencyBucket } from '../substrate/latency-buckets.ts';

/** An edge inside one process: what the checker knows of it, and what a proxy would count. */
export interface LocalEdge {
  readonly record: EdgeRecord;
  readonly timeoutMs: number;
  /** Operations that may run at once; Infinity = any number. */
  maxRequests: number;
  /** Oldest first. */
  readonly running: Set<RunningOperation>;
  readonly counts: LocalCounts;
}

/** Cumulative since the start. */
export interface LocalCounts {
  attempts: number;
  failures: number;
  timeouts: number;
  breakerRefused: number;
  latencySumMs: number;
  readonly latencyBuckets: number[];
}

/** An operation that was allowed and is not over. */
export interface RunningOperation {
  readonly workloadId: string;
  readonly service: string;
  readonly operationType: string;
  /** Monotonic milliseconds. */
  readonly startedMs: number;
  /** `null` where no load is limited. */
  readonly reservation: LoadReservation | null;
}

/** How an operation ended. */
export interface OperationOutcome {
  readonly failed?: boolean | undefined;
  /** What it needed; left out = as estimated. */
  readonly actualLoad?: LoadEstimate | undefined;
}

export interface LocalEdgeOptions {
  readonly workload: string;
  readonly service: string;
  readonly timeoutMs: number;
}

/** An edge that nobody has called yet. `nowMs` is monotonic. */
export const createLocalEdge = ({ workload, service, timeoutMs }: LocalEdgeOptions, nowMs: number): LocalEdge => ({
  record: createEdgeRecord(workload, service, nowMs),
  timeoutMs,
  maxRequests: Number.POSITIVE_INFINITY,
  running: new Set(),
  counts: {
    attempts: 0,
    failures: 0,
    timeouts: 0,
    breakerRefused: 0,
    latencySumMs: 0,
    latencyBuckets: new Array<number>(LATENCY_BUCKET_COUNT).fill(0),
  },
});

/** Ends an operation; false where it had ended before, or timed out. */
export function endOperation(
  edge: LocalEdge,
  operation: RunningOperation,
  { failed = false, actualLoad }: OperationOutcome,
  nowMs: number,
): boolean {
  if (!edge.running.delete(operation)) return false;
  const { counts } = edge;
  const latencyMs = Math.max(0, nowMs - operation.startedMs);
  const bucket = latencyBucket(latencyMs);
  counts.latencyBuckets[bucket] = (counts.latencyBuckets[bucket] ?? 0) + 1;
  counts.latencySumMs += latencyMs;
  if (failed) counts.failures += 1;
  freeLoad(edge, operation, actualLoad ?? null, nowMs);
  return true;
}

/** Operations whose end was not told within the time-out have failed. */
export function timeOutOperations(edge: LocalEdge, nowMs: number): void {
  for (const operation of edge.running) {
    if (operation.startedMs + edge.timeoutMs > nowMs) return;
    edge.running.delete(operation);
    edge.counts.timeouts += 1;
    edge.counts.failures += 1;
    freeLoad(edge, operation, null, nowMs);
  }
}

function freeLoad(
  { record: { load } }: LocalEdge,
  { reservation }: RunningOperation,
  needed: LoadEstimate | null,
  nowMs: number,
): void {
  if (load !== null && reservation !== null) settleLoad(load, reservation, needed, nowMs);
}
