import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, systemClock } from '../platform/clock.ts';

/** Time, chance and waiting, as the client uses them; tests pass their own. */
export interface Timing {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  /** Resolves after `ms`, or as soon as `signal` aborts. Only with `ref` does it keep the process alive. */
  sleep(ms: number, options: SleepOptions): Promise<void>;
}

export interface SleepOptions {
  readonly signal: AbortSignal;
  readonly ref: boolean;
}

const RANDOM_STEPS = 2 ** 32;

export const systemTiming: Timing = {
  clock: systemClock,
  random: () => randomInt(RANDOM_STEPS) / RANDOM_STEPS,
  sleep: (ms, options) => delay(ms, undefined, options).catch(() => {}),
};

/** Shortest pause between two tries: whatever chance says, nobody asks in a loop. */
export const PAUSE_MIN_MS = 50;

export interface BackOff {
  /** Largest pause after the first failure. */
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Exponential back-off with full jitter: uniform between `PAUSE_MIN_MS` and
 * firstMs · 2^(failures − 1), at most maxMs.
 *
 * @param failures in a row, 1 or more
 * @param random in [0, 1)
 */
export function backOffMs({ firstMs, maxMs }: BackOff, failures: number, random: number): number {
  const largestMs = Math.min(maxMs, firstMs * 2 ** (failures - 1));
  return Math.max(PAUSE_MIN_MS, random * largestMs);
}

/** `ms` or up to a quarter more, so that those who were told the same time do not all come back at once. */
export const spreadMs = (ms: number, random: number): number => ms * (1 + 0.25 * random);
