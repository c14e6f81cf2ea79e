/** Milliseconds as the two fields of google.protobuf.Timestamp (UTC) and google.protobuf.Duration. */
export function secondsAndNanos(ms: number): { seconds: number; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1_000_000) };
}

/** Milliseconds of a protobuf time or duration. */
export const millisecondsOf = (time: { readonly seconds: number; readonly nanos: number }): number =>
  time.seconds * 1000 + time.nanos / 1_000_000;
