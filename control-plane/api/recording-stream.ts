import type { Clock } from '../../platform/clock.ts';
import type { RecordedText } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { KernelLogStore, StoredRecord } from '../state/kernel-log-store.ts';
import { framesByName, RecordingExport, recordsSince } from '../telemetry/recording-export.ts';
import type { StoredFrame } from '../telemetry/stored-frames.ts';
import { ApiError } from './api-error.ts';

export interface RecordingSource {
  readonly log: Pick<KernelLogStore, 'read'>;
  readonly frames: (sinceWallMs: number) => AsyncIterable<StoredFrame>;
  readonly clock: Pick<Clock, 'wallMs'>;
}

/** Log and frames are kept this long. */
const KEPT_MS = 600_000;
/** Characters of one message; a line may be longer. */
const TEXT_MAX = 256 * 1024;

/**
 * What the kernel was told and what it decided over the last `sinceMs`, for
 * `capmesh replay`. Throws `ApiError` not-found where the log holds no point to
 * begin at: of meshes too large for checkpoints of everything.
 */
export async function* recordingStream(source: RecordingSource, sinceMs: number): AsyncGenerator<RecordedText> {
  const { log, frames, clock } = source;
  const nowMs = clock.wallMs();
  const stored: StoredRecord[] = [];
  for await (const record of log.read(nowMs - KEPT_MS)) stored.push(record);
  const records = recordsSince(stored, nowMs - sinceMs);
  if (records.length === 0) {
    throw new ApiError('not-found', 'the kernel log holds no checkpoint to begin at; record into a folder instead');
  }
  const recording = new RecordingExport(await framesByName(frames(nowMs - KEPT_MS)));
  for (const record of records) {
    for (const { file, line } of recording.take(record)) {
      const text = `${line}\n`;
      for (let at = 0; at < text.length; at += TEXT_MAX)
        yield { file, text: text.slice(at, at + TEXT_MAX), leftOut: 0 };
    }
  }
  yield { file: 'frames', text: '', leftOut: recording.leftOut };
}
