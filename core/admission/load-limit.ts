import { covers, debit, fullBucket, levelAt, retryAfterMs, type TokenBucket } from '../capacity/token-bucket.ts';
import type { LoadCause } from '../refusals/refusal-record.ts';

/** What a caller thinks that a call needs. */
export interface LoadEstimate {
  /** CPU-ms; header `x-capacity-cpu`. */
  readonly cpu: number;
  /** MiB held while the call runs; header `x-capacity-memory-mb`. */
  readonly memoryMb: number;
}

/** What a call needed; what is left out is not known, and the estimate stands. */
export interface LoadCost {
  /** CPU-ms; header `x-capacity-cost-cpu` of the answer. */
  readonly cpu?: number | undefined;
  /** MiB; header `x-capacity-cost-memory-mb` of the answer. */
  readonly memoryMb?: number | undefined;
}

/** What the estimates of one edge may add up to; `null` = no limit. */
export interface LoadShare {
  readonly cpuMsPerSec: number | null;
  readonly memoryMiB: number | null;
}

/** What became of the reservations of one checker, cumulative but for `open`. */
export interface LoadCounts {
  /** Not settled, of all edges. */
  open: number;
  /** Settled by what the call needed. */
  settled: number;
  /** Over, but nobody told what they needed: settled as estimated. */
  asEstimated: number;
  /** Freed at the time-out: nobody told their end. */
  timedOut: number;
  /** Ends of calls that are not open: settled before, timed out, or of an earlier checker. */
  unknown: number;
}

/**
 * The load limit of one edge at one checker, changed in place: a bucket of
 * CPU-ms and the memory that calls in flight hold (CONTRACT §D). Monotonic
 * milliseconds.
 */
export interface LoadLimit {
  share: LoadShare;
  /** Holds CPU-ms. */
  readonly cpu: TokenBucket;
  memoryHeldMb: number;
  /** Sums that fade with every settled call: what calls needed, and what was estimated for them. */
  readonly needed: { cpu: number; memoryMb: number };
  readonly estimated: { cpu: number; memoryMb: number };
  /** What open calls may need beyond what is set aside for them, as far as estimates are corrected. */
  readonly atRisk: { cpu: number; memoryMb: number };
  /** Calls that are not settled by their id, oldest first. */
  readonly open: Map<number, LoadReservation>;
  /** No open call times out before. */
  nextFreeAtMs: number;
  /** Id of the newest reservation. */
  newest: number;
  readonly counts: LoadCounts;
}

/** What is set aside for one call. */
export interface LoadReservation {
  /** Unique within the limit. */
  readonly id: number;
  readonly estimate: LoadEstimate;
  /** The estimate, scaled by how wrong earlier ones were. */
  readonly reserved: LoadEstimate;
  /** Then it is freed as if it had been right: the time-out of the route. */
  readonly freeAtMs: number;
}

/** The bucket holds the CPU of so many seconds, which is also the largest call that can ever pass. */
const CPU_BURST_SEC = 1;
/** What calls needed beyond their estimates is owed for no longer than this at the rate of the share. */
const CPU_DEBT_MAX_SEC = 60;
/** Calls that may be open at once on one edge. */
export const OPEN_MAX = 10_000;
/** Calls that may be open at once at one checker. */
const OPEN_TOTAL_MAX = 100_000;
/** How far estimates are corrected. */
const SCALE_MIN = 0.25;
const SCALE_MAX = 4;
/** Weight that a settled call leaves to those before it. */
const FADE = 0.98;
/** Memory shares are sums of fractions: a part in 10⁹ is forgiven. */
const DUST = 1e-9;
const NOTHING: LoadEstimate = { cpu: 0, memoryMb: 0 };

/** Nothing was reserved yet. */
export const createLoadCounts = (): LoadCounts => ({ open: 0, settled: 0, asEstimated: 0, timedOut: 0, unknown: 0 });

/**
 * A limit with a full bucket and nothing in flight.
 *
 * @param counts of the checker: its edges share them
 */
export const createLoadLimit = (share: LoadShare, nowMs: number, counts = createLoadCounts()): LoadLimit => ({
  share,
  cpu: fullBucket(cpuBurst(share), nowMs),
  memoryHeldMb: 0,
  needed: { cpu: 0, memoryMb: 0 },
  estimated: { cpu: 0, memoryMb: 0 },
  atRisk: { cpu: 0, memoryMb: 0 },
  open: new Map(),
  nextFreeAtMs: Number.POSITIVE_INFINITY,
  newest: 0,
  counts,
});

/** Whether the share limits anything. */
export const isBounded = ({ cpuMsPerSec, memoryMiB }: LoadShare): boolean => cpuMsPerSec !== null || memoryMiB !== null;

/** Puts another share in force; what is in the bucket and what is in flight stays. */
export function renewLoadShare(limit: LoadLimit, share: LoadShare, nowMs: number): void {
  limit.cpu.level = cpuLevel(limit, nowMs);
  limit.cpu.atMs = Math.max(limit.cpu.atMs, nowMs);
  if (limit.share.cpuMsPerSec === null) limit.cpu.level = cpuBurst(share);
  limit.share = share;
}

/** Whether a call of this estimate fits now. Charges nothing, but frees what has timed out. */
export function loadFits(limit: LoadLimit, estimate: LoadEstimate, nowMs: number): boolean {
  freeTimedOut(limit, nowMs);
  if (isCrowded(limit)) return false;
  const { cpu, memoryMb } = scaled(limit, estimate);
  const { cpuMsPerSec, memoryMiB } = limit.share;
  if (cpuMsPerSec !== null && !covers(cpuLevel(limit, nowMs), cpu)) return false;
  return memoryMiB === null || limit.memoryHeldMb + memoryMb <= memoryMiB * (1 + DUST);
}

/** Charges a call that fits until it is settled, or for `timeoutMs` at most. */
export function reserveLoad(
  limit: LoadLimit,
  estimate: LoadEstimate,
  timeoutMs: number,
  nowMs: number,
): LoadReservation {
  const reserved = scaled(limit, estimate);
  if (limit.share.cpuMsPerSec !== null) debit(limit.cpu, cpuLevel(limit, nowMs), reserved.cpu, nowMs);
  limit.memoryHeldMb += reserved.memoryMb;
  limit.atRisk.cpu += SCALE_MAX * estimate.cpu - reserved.cpu;
  limit.atRisk.memoryMb += SCALE_MAX * estimate.memoryMb - reserved.memoryMb;
  limit.newest += 1;
  const reservation = { id: limit.newest, estimate, reserved, freeAtMs: nowMs + timeoutMs };
  limit.open.set(reservation.id, reservation);
  limit.nextFreeAtMs = Math.min(limit.nextFreeAtMs, reservation.freeAtMs);
  limit.counts.open += 1;
  return reservation;
}

/**
 * Ends a call: its memory is free again and its CPU is charged as it was needed.
 * A call that was settled before, or timed out, changes nothing.
 *
 * @param needed `null` = nothing is known, the estimate stands
 */
export function settleLoad(
  limit: LoadLimit,
  reservation: LoadReservation,
  needed: LoadCost | null,
  nowMs: number,
): void {
  if (!close(limit, reservation)) {
    limit.counts.unknown += 1;
    return;
  }
  if (needed === null || (needed.cpu === undefined && needed.memoryMb === undefined)) {
    limit.counts.asEstimated += 1;
    return;
  }
  limit.counts.settled += 1;
  chargeNeeded(limit, reservation, needed.cpu, nowMs);
  for (const field of ['cpu', 'memoryMb'] as const) learn(limit, field, reservation.estimate[field], needed[field]);
}

/**
 * Time after which a refused call may fit: when the bucket has filled, or when the
 * oldest call is freed at the latest. Infinity for a call that never will.
 */
export function loadRetryAfterMs(limit: LoadLimit, estimate: LoadEstimate, nowMs: number): number {
  const { cpu, memoryMb } = scaled(limit, estimate);
  const { cpuMsPerSec, memoryMiB } = limit.share;
  if (cpu > cpuBurst(limit.share) || memoryMb > (memoryMiB ?? Number.POSITIVE_INFINITY))
    return Number.POSITIVE_INFINITY;
  const forCpu = cpuMsPerSec === null ? 0 : retryAfterMs(cpuLevel(limit, nowMs), cpuMsPerSec, cpu);
  const isFull = memoryMiB !== null && limit.memoryHeldMb + memoryMb > memoryMiB;
  const [oldest] = limit.open.values();
  return Math.max(forCpu, isFull || isCrowded(limit) ? Math.ceil((oldest?.freeAtMs ?? nowMs) - nowMs) : 0);
}

/** Which share a call that was refused at the same `nowMs` does not fit into. */
export function loadCause(limit: LoadLimit, estimate: LoadEstimate, nowMs: number): LoadCause {
  const { cpu, memoryMb } = scaled(limit, estimate);
  const { cpuMsPerSec, memoryMiB } = limit.share;
  if (isCrowded(limit)) {
    return { resource: 'calls', limit: OPEN_MAX, used: limit.open.size, needed: 1, estimated: 1 };
  }
  if (cpuMsPerSec !== null && !covers(cpuLevel(limit, nowMs), cpu)) {
    const used = cpuBurst(limit.share) - cpuLevel(limit, nowMs);
    return { resource: 'cpu', limit: cpuBurst(limit.share), used, needed: cpu, estimated: estimate.cpu };
  }
  const used = limit.memoryHeldMb;
  return { resource: 'memory', limit: memoryMiB ?? 0, used, needed: memoryMb, estimated: estimate.memoryMb };
}

/** As many calls are open as are kept. */
const isCrowded = ({ open, counts }: LoadLimit): boolean => open.size >= OPEN_MAX || counts.open >= OPEN_TOTAL_MAX;

/** A call whose end was never told is freed at its time-out. Looks at nothing while none can have timed out. */
export function freeTimedOut(limit: LoadLimit, nowMs: number): void {
  if (nowMs < limit.nextFreeAtMs) return;
  limit.nextFreeAtMs = Number.POSITIVE_INFINITY;
  for (const reservation of limit.open.values()) {
    if (reservation.freeAtMs > nowMs) {
      limit.nextFreeAtMs = reservation.freeAtMs;
      return;
    }
    close(limit, reservation);
    limit.counts.timedOut += 1;
  }
}

/**
 * By how much calls in flight may together exceed what is set aside for them, if
 * every one needs as much as estimates are ever corrected to.
 */
export const overAdmissionMax = ({ share, atRisk }: LoadLimit): LoadEstimate => ({
  cpu: share.cpuMsPerSec === null ? 0 : atRisk.cpu,
  memoryMb: share.memoryMiB === null ? 0 : atRisk.memoryMb,
});

/** False where the call was not open. Sums start again from 0 with nothing in flight, so that no rounding stays. */
function close(limit: LoadLimit, { id, estimate, reserved }: LoadReservation): boolean {
  const { open, atRisk, counts } = limit;
  if (!open.delete(id)) return false;
  counts.open -= 1;
  const last = open.size === 0;
  limit.memoryHeldMb = last ? 0 : limit.memoryHeldMb - reserved.memoryMb;
  atRisk.cpu = last ? 0 : atRisk.cpu - (SCALE_MAX * estimate.cpu - reserved.cpu);
  atRisk.memoryMb = last ? 0 : atRisk.memoryMb - (SCALE_MAX * estimate.memoryMb - reserved.memoryMb);
  return true;
}

function chargeNeeded(
  limit: LoadLimit,
  { reserved }: LoadReservation,
  needed: number | undefined,
  nowMs: number,
): void {
  const { cpuMsPerSec } = limit.share;
  if (cpuMsPerSec === null || needed === undefined) return;
  debit(limit.cpu, cpuLevel(limit, nowMs), needed - reserved.cpu, nowMs);
  limit.cpu.level = Math.max(limit.cpu.level, -CPU_DEBT_MAX_SEC * cpuMsPerSec);
}

function learn(limit: LoadLimit, field: keyof LoadEstimate, estimate: number, needed: number | undefined): void {
  if (needed === undefined || estimate === 0) return;
  limit.needed[field] = FADE * limit.needed[field] + needed;
  limit.estimated[field] = FADE * limit.estimated[field] + estimate;
}

function scaled({ needed, estimated, share }: LoadLimit, estimate: LoadEstimate): LoadEstimate {
  if (estimate.cpu === 0 && estimate.memoryMb === 0) return NOTHING;
  return {
    cpu: within(estimate.cpu, scale(needed.cpu, estimated.cpu), cpuBurst(share)),
    memoryMb: within(
      estimate.memoryMb,
      scale(needed.memoryMb, estimated.memoryMb),
      share.memoryMiB ?? Number.POSITIVE_INFINITY,
    ),
  };
}

/**
 * Never more than there is because of the factor alone: such a call could never
 * pass, and nothing would be learned that makes the factor smaller again.
 */
const within = (estimate: number, factor: number, most: number): number =>
  Math.min(estimate * factor, Math.max(estimate, most));

/** Observed ÷ estimated, 0.25 … 4; 1 while nothing was seen. */
const scale = (needed: number, estimated: number): number =>
  estimated > 0 ? Math.min(SCALE_MAX, Math.max(SCALE_MIN, needed / estimated)) : 1;

const cpuLevel = ({ cpu, share }: LoadLimit, nowMs: number): number =>
  levelAt(cpu, share.cpuMsPerSec ?? 0, cpuBurst(share), nowMs);

const cpuBurst = ({ cpuMsPerSec }: LoadShare): number =>
  cpuMsPerSec === null ? Number.POSITIVE_INFINITY : CPU_BURST_SEC * cpuMsPerSec;
