import { covers, debit, fullBucket, levelAt, retryAfterMs, type TokenBucket } from '../capacity/token-bucket.ts';

/** What a caller thinks that a call needs. */
export interface LoadEstimate {
  /** CPU-ms; header `x-capacity-cpu`. */
  readonly cpu: number;
  /** MiB held while the call runs; header `x-capacity-memory-mb`. */
  readonly memoryMb: number;
}

/** What the estimates of one edge may add up to; `null` = no limit. */
export interface LoadShare {
  readonly cpuMsPerSec: number | null;
  readonly memoryMiB: number | null;
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
  /** Calls that are not settled, oldest first. */
  readonly open: Set<LoadReservation>;
}

/** What is set aside for one call. */
export interface LoadReservation {
  readonly estimate: LoadEstimate;
  /** The estimate, scaled by how wrong earlier ones were. */
  readonly reserved: LoadEstimate;
  /** Then it is freed as if it had been right: the time-out of the route. */
  readonly freeAtMs: number;
}

/** The bucket holds the CPU of so many seconds, which is also the largest call that can ever pass. */
const CPU_BURST_SEC = 1;
/** Calls that may be open at once. */
export const OPEN_MAX = 10_000;
/** How far estimates are corrected. */
const SCALE_MIN = 0.25;
const SCALE_MAX = 4;
/** Weight that a settled call leaves to those before it. */
const FADE = 0.98;
/** Memory shares are sums of fractions: a part in 10⁹ is forgiven. */
const DUST = 1e-9;
const NOTHING: LoadEstimate = { cpu: 0, memoryMb: 0 };

/** A limit with a full bucket and nothing in flight. */
export const createLoadLimit = (share: LoadShare, nowMs: number): LoadLimit => ({
  share,
  cpu: fullBucket(cpuBurst(share), nowMs),
  memoryHeldMb: 0,
  needed: { cpu: 0, memoryMb: 0 },
  estimated: { cpu: 0, memoryMb: 0 },
  open: new Set(),
});

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
  if (limit.open.size >= OPEN_MAX) return false;
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
  const reservation = { estimate, reserved, freeAtMs: nowMs + timeoutMs };
  limit.open.add(reservation);
  return reservation;
}

/**
 * Ends a call: its memory is free again and its CPU is charged as it was needed.
 * A call that was settled before, or timed out, changes nothing.
 *
 * @param needed `null` = not known, the estimate stands
 */
export function settleLoad(
  limit: LoadLimit,
  reservation: LoadReservation,
  needed: LoadEstimate | null,
  nowMs: number,
): void {
  if (!limit.open.delete(reservation)) return;
  const { estimate, reserved } = reservation;
  limit.memoryHeldMb = limit.open.size === 0 ? 0 : limit.memoryHeldMb - reserved.memoryMb;
  if (needed === null) return;
  if (limit.share.cpuMsPerSec !== null) debit(limit.cpu, cpuLevel(limit, nowMs), needed.cpu - reserved.cpu, nowMs);
  for (const field of ['cpu', 'memoryMb'] as const) {
    if (estimate[field] === 0) continue;
    limit.needed[field] = FADE * limit.needed[field] + needed[field];
    limit.estimated[field] = FADE * limit.estimated[field] + estimate[field];
  }
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
  const [oldest] = limit.open;
  return Math.max(forCpu, isFull || limit.open.size >= OPEN_MAX ? Math.ceil((oldest?.freeAtMs ?? nowMs) - nowMs) : 0);
}

/** A call whose end was never told is freed at its time-out. */
function freeTimedOut(limit: LoadLimit, nowMs: number): void {
  for (const reservation of limit.open) {
    if (reservation.freeAtMs > nowMs) return;
    settleLoad(limit, reservation, null, nowMs);
  }
}

function scaled({ needed, estimated }: LoadLimit, estimate: LoadEstimate): LoadEstimate {
  if (estimate.cpu === 0 && estimate.memoryMb === 0) return NOTHING;
  return {
    cpu: estimate.cpu * scale(needed.cpu, estimated.cpu),
    memoryMb: estimate.memoryMb * scale(needed.memoryMb, estimated.memoryMb),
  };
}

/** Observed ÷ estimated, 0.25 … 4; 1 while nothing was seen. */
const scale = (needed: number, estimated: number): number =>
  estimated > 0 ? Math.min(SCALE_MAX, Math.max(SCALE_MIN, needed / estimated)) : 1;

const cpuLevel = ({ cpu, share }: LoadLimit, nowMs: number): number =>
  levelAt(cpu, share.cpuMsPerSec ?? 0, cpuBurst(share), nowMs);

const cpuBurst = ({ cpuMsPerSec }: LoadShare): number =>
  cpuMsPerSec === null ? Number.POSITIVE_INFINITY : CPU_BURST_SEC * cpuMsPerSec;
