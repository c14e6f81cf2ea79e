import { observationLimits } from '../capacity/observation.ts';
import { fullBucket, type TokenBucket, take } from '../capacity/token-bucket.ts';

/** Lines of the access log that one edge may still write at one checker (C_obs, CONTRACT §D). */
export interface LineAllowance {
  /** May be a fraction: the edge's share at this checker. */
  linesPerSec: number;
  readonly bucket: TokenBucket;
}

/** What an edge without a lease has: that of a C_obs of null. */
export const DEFAULT_LINES_PER_SEC = observationLimits(null).accessLogLinesPerSec;

/** What an edge starts with, until its lease says more: one second of the default. */
export const createLineAllowance = (nowMs: number): LineAllowance => ({
  linesPerSec: DEFAULT_LINES_PER_SEC,
  bucket: fullBucket(DEFAULT_LINES_PER_SEC, nowMs),
});

/** Whether this call gets a line. No more than those of one second are saved up. */
export function takeLine({ bucket, linesPerSec }: LineAllowance, nowMs: number): boolean {
  return linesPerSec > 0 && take(bucket, linesPerSec, Math.max(1, linesPerSec), 1, nowMs);
}
