import type { Clock } from '../../platform/clock.ts';

/** A clock that a test moves by hand; both times move together. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function manualClock(wallMs: number): ManualClock {
  let elapsedMs = 0;
  return {
    monotonicMs: () => elapsedMs,
    wallMs: () => wallMs + elapsedMs,
    advance: (ms) => {
      elapsedMs += ms;
    },
  };
}
