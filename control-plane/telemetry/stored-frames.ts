import type { JetStreamClient } from '@nats-io/jetstream';
import type { TelemetryFrame } from '../../core/substrate/telemetry-frame.ts';
import { FRAMES_STREAM } from '../state/open-store.ts';
import { readStream, sinceTime } from '../state/read-stream.ts';
import { readFrame } from './frame-feed.ts';

/** A frame that the store holds. */
export interface StoredFrame {
  /** When it arrived there, UTC milliseconds. */
  readonly wallMs: number;
  readonly frame: TelemetryFrame;
}

/** Frames of a mesh since a point in time, oldest first; unreadable ones are left out, as they were when they came. */
export async function* storedFrames(
  jetstream: JetStreamClient,
  mesh: string,
  sinceWallMs: number,
): AsyncGenerator<StoredFrame> {
  const start = { ...sinceTime(sinceWallMs), filter_subjects: [`capmesh.v1.frames.${mesh}.*`] };
  for await (const message of readStream(jetstream, FRAMES_STREAM, start)) {
    const frame = readFrame(mesh, message.subject, message.data);
    if (typeof frame !== 'string') yield { wallMs: message.wallMs, frame };
  }
}
