import { LATENCY_BUCKET_COUNT, latencyBucket } from '../substrate/latency-buckets.ts';
import { freeTimedOut, type LoadCost, type LoadLimit, type LoadReservation, settleLoad } from './load-limit.ts';

/** An operation that was allowed and is not over. Monotonic milliseconds. */
export interface OpenOperation {
  /** Unique on its edge. */
  readonly id: number;
  readonly startedMs: number;
  /** It counts as timed out from then on. */
  readonly endsMs: number;
  /** `null` where no load is limited. */
  readonly reservation: LoadReservation | null;
}

/** What a proxy counts of calls, counted of operations that pass none; cumulative. */
export interface OperationCounts {
  attempts: number;
  failures: number;
  timeouts: number;
  breakerRefused: number;
  latencySumMs: number;
  readonly latencyBuckets: number[];
}

/** What became of the operations of one checker, cumulative but for `open`. */
export interface OperationEnds {
  /** Allowed and not over, of all edges. */
  open: number;
  settled: number;
  /** Nobody told their end within the time-out of their route. */
  timedOut: number;
  /** Ends of operations that do not run: settled before, timed out, or of an earlier checker. */
  unknown: number;
}

/** The operations of one edge at one checker. */
export interface OpenOperations {
  /** By id, oldest first. */
  readonly open: Map<number, OpenOperation>;
  /** Id of the newest. */
  newest: number;
  readonly counts: OperationCounts;
  /** Of the checker: its edges share them. */
  readonly ends: OperationEnds;
}

/** How an operation ended. */
export interface OperationEnd {
  readonly failed?: boolean | undefined;
  /** What it needed; left out = as estimated. */
  readonly needed?: LoadCost | undefined;
}

/** Operations that may run at once on one edge. */
export const OPERATIONS_MAX = 10_000;
/** Operations that may run at once at one checker. */
const OPERATIONS_TOTAL_MAX = 100_000;

/** Nothing has run yet. */
export const createOperationEnds = (): OperationEnds => ({ open: 0, settled: 0, timedOut: 0, unknown: 0 });

/** Nothing runs. */
export const createOpenOperations = (ends = createOperationEnds()): OpenOperations => ({
  open: new Map(),
  newest: 0,
  counts: {
    attempts: 0,
    failures: 0,
    timeouts: 0,
    breakerRefused: 0,
    latencySumMs: 0,
    latencyBuckets: new Array<number>(LATENCY_BUCKET_COUNT).fill(0),
  },
  ends,
});

/** Whether as many operations run as may run at once; `maxRequests` is the breaker of the edge. */
export const isFull = ({ open, ends }: OpenOperations, maxRequests: number): boolean =>
  open.size >= Math.min(maxRequests, OPERATIONS_MAX) || ends.open >= OPERATIONS_TOTAL_MAX;

/** Enters an operation that was allowed. */
export function startOperation(
  operations: OpenOperations,
  reservation: LoadReservation | null,
  timeoutMs: number,
  nowMs: number,
): OpenOperation {
  operations.newest += 1;
  operations.counts.attempts += 1;
  operations.ends.open += 1;
  const operation = { id: operations.newest, startedMs: nowMs, endsMs: nowMs + timeoutMs, reservation };
  operations.open.set(operation.id, operation);
  return operation;
}

/**
 * Ends an operation: its load is free again. False, but counted, where none runs
 * under this id.
 *
 * @param load of the edge; `null` where none was ever limited
 */
export function endOperation(
  operations: OpenOperations,
  load: LoadLimit | null,
  id: number,
  { failed = false, needed }: OperationEnd,
  nowMs: number,
): boolean {
  timeOutOperations(operations, load, nowMs);
  const { open, counts, ends } = operations;
  const operation = open.get(id);
  if (operation === undefined) {
    ends.unknown += 1;
    return false;
  }
  open.delete(id);
  ends.open -= 1;
  ends.settled += 1;
  const latencyMs = Math.max(0, nowMs - operation.startedMs);
  const bucket = latencyBucket(latencyMs);
  counts.latencyBuckets[bucket] = (counts.latencyBuckets[bucket] ?? 0) + 1;
  counts.latencySumMs += latencyMs;
  if (failed) counts.failures += 1;
  const { reservation } = operation;
  if (load !== null && reservation !== null) settleLoad(load, reservation, needed ?? null, nowMs);
  return true;
}

/** Operations whose end was not told within the time-out have failed; what they held is free again. */
export function timeOutOperations({ open, counts, ends }: OpenOperations, load: LoadLimit | null, nowMs: number): void {
  for (const { id, endsMs } of open.values()) {
    if (endsMs > nowMs) break;
    open.delete(id);
    counts.timeouts += 1;
    counts.failures += 1;
    ends.open -= 1;
    ends.timedOut += 1;
  }
  if (load !== null) freeTimedOut(load, nowMs);
}
