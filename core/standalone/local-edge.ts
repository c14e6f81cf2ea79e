import { createEdgeRecord, type EdgeRecord } from '../admission/edge-record.ts';
import type { LoadEstimate } from '../admission/load-limit.ts';
import { createOpenOperations, type OpenOperation, type OpenOperations } from '../admission/open-operations.ts';

/** An edge inside one process: what the checker knows of it, and what a proxy would count. */
export interface LocalEdge {
  readonly record: EdgeRecord;
  readonly timeoutMs: number;
  /** Operations that may run at once; Infinity = any number. */
  maxRequests: number;
  readonly operations: OpenOperations;
}

/** An operation that was allowed and is not over. */
export interface RunningOperation extends OpenOperation {
  readonly workloadId: string;
  readonly service: string;
  readonly operationType: string;
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
  operations: createOpenOperations(),
});
