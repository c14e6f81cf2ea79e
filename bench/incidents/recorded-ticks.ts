import { readInput } from '../../core/kernel/kernel-recording.ts';

/** The newest frame that a tick was decided on, UTC milliseconds. */
export interface Measured {
  /** End of the interval that it covers, by the sidecar's clock. */
  readonly sentMs: number;
  /** The kernel had it. */
  readonly receivedMs: number;
}

/** Which frame was the newest at each tick of a recording, by the tick's time. */
export function measuredByTick(lines: Iterable<string>): Map<number, Measured> {
  const measured = new Map<number, Measured>();
  let newest: { readonly sentMs: number; readonly nowMs: number } | null = null;
  for (const line of lines) {
    if (line === '') continue;
    const input = readInput(line);
    if (input.kind === 'frame') newest = { sentMs: input.frame.endMs, nowMs: input.nowMs };
    if (input.kind !== 'tick' || newest === null) continue;
    measured.set(input.wallMs, { sentMs: newest.sentMs, receivedMs: input.wallMs - (input.nowMs - newest.nowMs) });
  }
  return measured;
}
