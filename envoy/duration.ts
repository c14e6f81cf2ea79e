import type { Duration } from '../proto/gen/google/protobuf/duration.ts';

const NANOS_PER_MS = 1_000_000;

/** google.protobuf.Duration of a non-negative number of milliseconds, to the nanosecond. */
export function durationMs(ms: number): Duration {
  const seconds = Math.floor(ms / 1000);
  const nanos = Math.round((ms - seconds * 1000) * NANOS_PER_MS);
  return nanos === 1_000_000_000 ? { seconds: seconds + 1, nanos: 0 } : { seconds, nanos };
}

/** JSON form of google.protobuf.Duration: seconds with at most nine decimals. */
export function durationText(ms: number): string {
  return `${(ms / 1000).toFixed(9).replace(/\.?0+$/, '')}s`;
}
