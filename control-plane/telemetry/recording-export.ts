import type { KernelEvent } from '../../core/kernel/kernel-io.ts';
import { inputLine } from '../../core/kernel/kernel-recording.ts';
import { fromPlain } from '../../core/substrate/plain-value.ts';
import type { TelemetryFrame } from '../../core/substrate/telemetry-frame.ts';
import type { FrameName, KernelRecord, LoggedInput, StoredRecord, TickRecord } from '../state/kernel-log-store.ts';
import type { StoredFrame } from './stored-frames.ts';

/** One line of a recording, without its end. */
export interface RecordedLine {
  readonly file: 'frames' | 'events';
  readonly line: string;
}

/** The records that a recording of some time needs: from the last point before it that a replay can begin at. */
export function recordsSince(records: readonly StoredRecord[], sinceWallMs: number): KernelRecord[] {
  const starts = records.flatMap(({ record }, i) => (record.kind === 'checkpoint' ? [i] : []));
  const first = starts.findLast((i) => (records[i]?.wallMs ?? 0) <= sinceWallMs) ?? starts[0];
  return first === undefined ? [] : records.slice(first).map(({ record }) => record);
}

/**
 * Joins the kernel's log with the frames that it names. Where a record or a
 * frame is missing, the recording goes on from the next checkpoint: nothing in
 * it was decided on what is not in it.
 */
export class RecordingExport {
  readonly #frames: ReadonlyMap<string, TelemetryFrame>;
  /** Where the lines so far end; `null` = nothing can follow them. */
  #at: { readonly run: string; readonly tick: number } | null = null;
  #leftOut = 0;

  constructor(frames: ReadonlyMap<string, TelemetryFrame>) {
    this.#frames = frames;
  }

  /** Ticks that could not be told. */
  get leftOut(): number {
    return this.#leftOut;
  }

  take(record: KernelRecord): RecordedLine[] {
    const follows = this.#at !== null && this.#at.run === record.run;
    if (record.kind === 'checkpoint') {
      if (follows && this.#at?.tick === record.tick) return [];
      this.#at = { run: record.run, tick: record.tick };
      return [{ file: 'frames', line: inputLine({ kind: 'start', checkpoint: record.checkpoint }) }];
    }
    const inputs = follows && this.#at?.tick === record.tick - 1 ? this.#inputsOf(record) : null;
    this.#at = inputs === null ? null : { run: record.run, tick: record.tick };
    if (inputs === null) {
      this.#leftOut++;
      return [];
    }
    return [
      ...inputs.map((input): RecordedLine => ({ file: 'frames', line: inputLine(input) })),
      ...record.events.map((event): RecordedLine => ({ file: 'events', line: JSON.stringify(event) })),
    ];
  }

  #inputsOf({ inputs }: TickRecord): KernelEvent[] | null {
    const events: KernelEvent[] = [];
    for (const input of inputs) {
      const event = this.#eventOf(input);
      if (event === null) return null;
      events.push(event);
    }
    return events;
  }

  #eventOf(input: LoggedInput): KernelEvent | null {
    if (input.frame === undefined) return fromPlain(input.input) as KernelEvent;
    const frame = this.#frames.get(frameKey(input.frame));
    return frame === undefined ? null : { kind: 'frame', frame, nowMs: input.nowMs };
  }
}

const frameKey = (name: FrameName): string => JSON.stringify(name);

export async function framesByName(frames: AsyncIterable<StoredFrame>): Promise<Map<string, TelemetryFrame>> {
  const byName = new Map<string, TelemetryFrame>();
  for await (const { frame } of frames) {
    byName.set(frameKey([frame.node, frame.instance, frame.seq, frame.part]), frame);
  }
  return byName;
}
