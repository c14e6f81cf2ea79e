/**
 * A token bucket as two plain numbers. Rate and size are arguments because
 * leases move them while the level stays. Nothing here allocates: the sidecar
 * calls it on every check. A refusal changes nothing, so several buckets can be
 * looked at together and debited together (CONTRACT §F).
 */
export interface TokenBucket {
  /** Calls available at `atMs`. */
  level: number;
  /** Monotonic milliseconds at which `level` was right. */
  atMs: number;
}

/** Refills add up thousands of small numbers; a level that misses a call by less than this passes. */
const LEVEL_DUST = 1e-9;

/** A bucket that starts with `burst` calls. */
export const fullBucket = (burst: number, nowMs: number): TokenBucket => ({ level: burst, atMs: nowMs });

/** Calls available at `nowMs`, at most `burst`. Time that runs backwards refills nothing. */
export function levelAt(bucket: TokenBucket, rateRps: number, burst: number, nowMs: number): number {
  const elapsedMs = nowMs - bucket.atMs;
  const level = elapsedMs > 0 ? bucket.level + (rateRps * elapsedMs) / 1000 : bucket.level;
  return Math.min(level, burst);
}

/** Whether a level pays for `calls`. */
export const covers = (level: number, calls: number): boolean => level >= calls - LEVEL_DUST;

/** Takes `calls` from a bucket whose level at `nowMs` is `level` (from `levelAt`). */
export function debit(bucket: TokenBucket, level: number, calls: number, nowMs: number): void {
  bucket.level = level - calls;
  if (nowMs > bucket.atMs) bucket.atMs = nowMs;
}

/** Looks and debits in one: true if the calls were available, otherwise nothing changes. */
export function take(bucket: TokenBucket, rateRps: number, burst: number, calls: number, nowMs: number): boolean {
  const level = levelAt(bucket, rateRps, burst, nowMs);
  if (!covers(level, calls)) return false;
  debit(bucket, level, calls, nowMs);
  return true;
}

/** Whole milliseconds until a bucket at `level` holds `calls`; 0 if it does, Infinity if it never refills. */
export function retryAfterMs(level: number, rateRps: number, calls: number): number {
  if (covers(level, calls)) return 0;
  return rateRps > 0 ? Math.ceil(((calls - level) * 1000) / rateRps) : Number.POSITIVE_INFINITY;
}
