import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { checkpointOf } from '../../core/kernel/checkpoint.ts';
import type { KernelEffect, KernelEvent } from '../../core/kernel/kernel-io.ts';
import { inputLine } from '../../core/kernel/kernel-recording.ts';
import type { KernelState } from '../../core/kernel/kernel-state.ts';
import type { Logger } from '../../platform/logger.ts';
import { eventsOf } from './kernel-log.ts';
import type { KernelObserver } from './kernel-observer.ts';

/** A recording ends at this size, bytes. */
const BYTES_MAX = 1024 * 1024 * 1024;
/** Bytes that may wait for the disk; with more the recording ends. */
const WAITING_MAX = 64 * 1024 * 1024;

/**
 * Appends everything that the kernel is told to `frames.jsonl` and every event
 * that it emits to `events.jsonl`, what `capmesh replay` reads. Where it has to
 * end early, what is written so far is a whole recording of a shorter time.
 */
export class RecordingFolder implements KernelObserver {
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #inputs: WriteStream;
  readonly #events: WriteStream;
  #bytes = 0;
  #isOpen = true;

  /** Throws when the folder cannot be made. */
  constructor(folder: string, logger: Pick<Logger, 'warn'>) {
    this.#logger = logger;
    mkdirSync(folder, { recursive: true });
    this.#inputs = this.#open(join(folder, 'frames.jsonl'));
    this.#events = this.#open(join(folder, 'events.jsonl'));
  }

  started(state: KernelState): void {
    this.#write(this.#inputs, [inputLine({ kind: 'start', checkpoint: checkpointOf(state) })]);
  }

  stepped(event: KernelEvent, effects: readonly KernelEffect[]): void {
    if (!this.#isOpen) return;
    this.#write(this.#inputs, [inputLine(event)]);
    const lines = eventsOf(effects).map((emitted) => JSON.stringify(emitted));
    if (lines.length > 0) this.#write(this.#events, lines);
    const waiting = this.#inputs.writableLength + this.#events.writableLength;
    if (this.#bytes > BYTES_MAX || waiting > WAITING_MAX) this.#end('it became too large');
  }

  /** Waits until everything is written. */
  async stop(): Promise<void> {
    this.#isOpen = false;
    await Promise.all([this.#inputs, this.#events].map((file) => closed(file)));
  }

  #open(path: string): WriteStream {
    const file = createWriteStream(path, { flags: 'a', mode: 0o600 });
    file.on('error', (error) => this.#end(error.message));
    return file;
  }

  #write(file: WriteStream, lines: readonly string[]): void {
    const text = `${lines.join('\n')}\n`;
    this.#bytes += text.length;
    file.write(text);
  }

  #end(problem: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#logger.warn({ problem }, 'the recording ended');
    this.#inputs.end();
    this.#events.end();
  }
}

const closed = (file: WriteStream): Promise<void> =>
  new Promise((resolve) => {
    if (file.closed || file.destroyed) resolve();
    else {
      file.once('close', resolve);
      file.end();
    }
  });
