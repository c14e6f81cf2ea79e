import { type ArrivalMeter, countArrival, createArrivalMeter } from './arrival-meter.ts';
import type { EdgeState } from './check-call.ts';
import { createEdgeLimit, fillLimit, type LeasedSlice, renewSlice } from './edge-limit.ts';
import { createEdgeOverlay } from './edge-overlay.ts';
import { createLineAllowance, DEFAULT_LINES_PER_SEC, type LineAllowance } from './line-allowance.ts';
import {
  createLoadCounts,
  createLoadLimit,
  isBounded,
  type LoadCounts,
  type LoadLimit,
  renewLoadShare,
} from './load-limit.ts';
import { createOpenOperations, type OpenOperations, type OperationEnds } from './open-operations.ts';
import type { RefusalReason } from './refusal-reason.ts';

/** One edge at one checker: its limit and what was counted on it since the checker started. */
export interface EdgeRecord extends EdgeState {
  readonly workload: string;
  readonly service: string;
  /** ρ of the whole edge; 0 = unknown, then the meter stays at 0. */
  guaranteeRps: number;
  offered: number;
  admitted: number;
  /** Checks of second and later attempts (`x-capacity-attempt` > 1). */
  retries: number;
  readonly refused: Map<RefusalReason, number>;
  readonly meter: ArrivalMeter;
  readonly lines: LineAllowance;
  /** What load estimates are held against; `null` while nothing ever limited them. */
  load: LoadLimit | null;
  /** Shared by the edges of a checker. */
  readonly loadCounts: LoadCounts;
  /** Time-out of the edge's route. */
  timeoutMs: number;
  /** Operations that may run at once at this checker, beside the calls that a proxy holds; Infinity = any number. */
  maxRequests: number;
  /** `null` while there was none that passed no proxy. */
  operations: OpenOperations | null;
}

/** What a lease says of an edge beyond its rate. */
export interface LeasedTerms extends LeasedSlice {
  /** ρ of the whole edge, calls per second. */
  readonly guaranteeRps: number;
  readonly accessLogLinesPerSec?: number | undefined;
  /** Share of load estimates at this checker, CPU-ms per second; absent = no limit. */
  readonly cpuMsPerSec?: number | undefined;
  /** MiB that calls in flight may hold at this checker; absent = no limit. */
  readonly memoryMib?: number | undefined;
  readonly timeoutMs?: number | undefined;
  /** Breaker of the edge at this node; absent = none. */
  readonly maxRequests?: number | undefined;
}

/** Slice of an edge that has no budget line. */
const NOTHING: LeasedSlice = { rateRps: 0, burst: 0, safeRateRps: 0, safeBurst: 0, guaranteeBurst: 0, leaseMs: 0 };

/** An edge that nobody may call; it only counts. */
export function createEdgeRecord(
  workload: string,
  service: string,
  nowMs: number,
  loadCounts = createLoadCounts(),
): EdgeRecord {
  return {
    workload,
    service,
    entitled: false,
    overlay: createEdgeOverlay(),
    limit: createEdgeLimit(NOTHING, nowMs),
    guaranteeRps: 0,
    offered: 0,
    admitted: 0,
    retries: 0,
    refused: new Map(),
    meter: createArrivalMeter(nowMs),
    lines: createLineAllowance(nowMs),
    load: null,
    loadCounts,
    timeoutMs: 0,
    maxRequests: Number.POSITIVE_INFINITY,
    operations: null,
  };
}

/** Puts a slice in force; an edge that nobody could call until now starts with a full bucket. */
export function leaseEdge(edge: EdgeRecord, slice: LeasedTerms, entitled: boolean, nowMs: number): void {
  renewSlice(edge.limit, slice, nowMs);
  if (!edge.entitled) fillLimit(edge.limit, nowMs);
  // A slice above the guarantee is lent: using it is no burst.
  edge.guaranteeRps = Math.max(slice.guaranteeRps, slice.rateRps ?? 0);
  edge.lines.linesPerSec = slice.accessLogLinesPerSec ?? DEFAULT_LINES_PER_SEC;
  edge.timeoutMs = slice.timeoutMs ?? 0;
  edge.maxRequests = slice.maxRequests ?? Number.POSITIVE_INFINITY;
  leaseLoad(edge, slice, nowMs);
  edge.entitled = entitled;
}

/** The operations of an edge that pass no proxy; `ends` are shared by the edges of a checker. */
export function operationsOf(edge: EdgeRecord, ends?: OperationEnds): OpenOperations {
  edge.operations ??= createOpenOperations(ends);
  return edge.operations;
}

/** The limit that load estimates of the edge are held against now; `null` = none. */
export const boundedLoad = ({ load }: EdgeRecord): LoadLimit | null =>
  load !== null && isBounded(load.share) ? load : null;

/** A limit that is lifted is kept: calls that hold some of it are still to be settled. */
function leaseLoad(edge: EdgeRecord, slice: LeasedTerms, nowMs: number): void {
  const share = { cpuMsPerSec: slice.cpuMsPerSec ?? null, memoryMiB: slice.memoryMib ?? null };
  if (edge.load !== null) renewLoadShare(edge.load, share, nowMs);
  else if (isBounded(share)) edge.load = createLoadLimit(share, nowMs, edge.loadCounts);
}

/** Counts one admitted call, also for the burst level where the edge has a guarantee (CONTRACT §F). */
export function countAdmitted(edge: EdgeRecord, nowMs: number): void {
  edge.offered += 1;
  edge.admitted += 1;
  if (edge.guaranteeRps > 0) countArrival(edge.meter, edge.guaranteeRps, nowMs);
}

/** Counts one operation as a mesh does: what its budget lets through and the breaker does not was admitted. */
export function countBreakerRefused(edge: EdgeRecord, { counts }: OpenOperations): void {
  edge.offered += 1;
  edge.admitted += 1;
  counts.breakerRefused += 1;
}

/** Counts one refused call by its reason: offered = admitted + Σ refused (CONTRACT §F). */
export function countRefused(edge: EdgeRecord, reason: RefusalReason): void {
  edge.offered += 1;
  edge.refused.set(reason, (edge.refused.get(reason) ?? 0) + 1);
}
