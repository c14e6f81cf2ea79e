import { secondsInMs } from './capacity-refusal.ts';
import { backOffMs, spreadMs } from './timing.ts';

/** Refusals that ask to come back later than this are handed to the caller instead. */
const WAIT_MAX_MS = 10_000;
const BACK_OFF = { firstMs: 1000, maxMs: WAIT_MAX_MS };
const RETRIES_MAX = 5;

/**
 * How long to wait before a refused call is made again: as long as `Retry-After`
 * says and up to a quarter more; `null` = not again.
 *
 * @param attempt that was refused, 1 = the first
 * @param random in [0, 1)
 */
export function retryPauseMs(retryAfter: string | null, attempt: number, random: number): number | null {
  const askedMs = secondsInMs(retryAfter);
  const pauseMs = askedMs === null ? backOffMs(BACK_OFF, attempt, random) : spreadMs(askedMs, random);
  return (askedMs ?? pauseMs) <= WAIT_MAX_MS ? pauseMs : null;
}

/** Throws a RangeError for a number of retries that is none. */
export function checkRetries(retries: number): void {
  if (Number.isInteger(retries) && retries >= 0 && retries <= RETRIES_MAX) return;
  throw new RangeError(`retries: must be a whole number, 0 … ${RETRIES_MAX} (got ${retries})`);
}
