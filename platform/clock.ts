/** Time as the shells see it. Durations come from the monotonic clock, claims and timestamps from the wall clock. */
export interface Clock {
  /** Monotonic milliseconds; only differences mean anything. */
  monotonicMs(): number;
  /** UTC milliseconds since 1970. */
  wallMs(): number;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};
