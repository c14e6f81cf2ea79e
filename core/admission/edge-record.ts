import { type ArrivalMeter, countArrival, createArrivalMeter } from './arrival-meter.ts';
import type { EdgeState } from './check-call.ts';
import { createEdgeLimit, fillLimit, type LeasedSlice, renewSlice } from './edge-limit.ts';
import { createEdgeOverlay } from './edge-overlay.ts';
import { createLineAllowance, DEFAULT_LINES_PER_SEC, type LineAllowance } from './line-allowance.ts';
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
}

/** Slice of an edge that has no budget line. */
const NOTHING: LeasedSlice = { rateRps: 0, burst: 0, safeRateRps: 0, safeBurst: 0, guaranteeBurst: 0, leaseMs: 0 };

/** An edge that nobody may call; it only counts. */
export function createEdgeRecord(workload: string, service: string, nowMs: number): EdgeRecord {
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
  };
}

/** Puts a slice in force; an edge that nobody could call until now starts with a full bucket. */
export function leaseEdge(
  edge: EdgeRecord,
  slice: LeasedSlice & { readonly guaranteeRps: number; readonly accessLogLinesPerSec?: number | undefined },
  entitled: boolean,
  nowMs: number,
): void {
  renewSlice(edge.limit, slice, nowMs);
  if (!edge.entitled) fillLimit(edge.limit, nowMs);
  // A slice above the guarantee is lent: using it is no burst.
  edge.guaranteeRps = Math.max(slice.guaranteeRps, slice.rateRps ?? 0);
  edge.lines.linesPerSec = slice.accessLogLinesPerSec ?? DEFAULT_LINES_PER_SEC;
  edge.entitled = entitled;
}

/** Counts one admitted call, also for the burst level where the edge has a guarantee (CONTRACT §F). */
export function countAdmitted(edge: EdgeRecord, nowMs: number): void {
  edge.offered += 1;
  edge.admitted += 1;
  if (edge.guaranteeRps > 0) countArrival(edge.meter, edge.guaranteeRps, nowMs);
}

/** Counts one refused call by its reason: offered = admitted + Σ refused (CONTRACT §F). */
export function countRefused(edge: EdgeRecord, reason: RefusalReason): void {
  edge.offered += 1;
  edge.refused.set(reason, (edge.refused.get(reason) ?? 0) + 1);
}
