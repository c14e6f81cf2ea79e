import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointOf } from '../../core/kernel/checkpoint.ts';
import type { KernelEffect, KernelEvent } from '../../core/kernel/kernel-io.ts';
import { inputLine } from '../../core/kernel/kernel-recording.ts';
import type { KernelState } from '../../core/kernel/kernel-state.ts';
import type { Logger } from '../../platform/logger.ts';
import { eventsOf } from './kernel-log.ts';
import type { KernelObserver } from './kernel-observer.ts';

/** A recording ends at this size. */
const BYTES_MAX = 1024 * 1024 * 1024;

/**
 * Appends everything that the kernel is told to `frames.jsonl` and every event
 * that it emits to `events.jsonl`, what `capmesh replay` reads. Writes at once,
 * so that a killed process leaves both files as far as each other. Where it has
 * to end early, what is written is a whole recording of a shorter time.
 */
export class RecordingFolder implements KernelObserver {
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #bytesMax: number;
  readonly #inputs: number;
  readonly #events: number;
  #bytes = 0;
  #isOpen = true;

  /** Throws when the folder or its files cannot be made. */
  constructor(folder: string, logger: Pick<Logger, 'warn'>, bytesMax = BYTES_MAX) {
    this.#logger = logger;
    this.#bytesMax = bytesMax;
    mkdirSync(folder, { recursive: true });
    this.#inputs = openSync(join(folder, 'frames.jsonl'), 'a', 0o600);
    this.#events = openSync(join(folder, 'events.jsonl'), 'a', 0o600);
  }

  started(state: KernelState): void {
    this.#append([inputLine({ kind: 'start', checkpoint: checkpointOf(state) })], []);
  }

  stepped(event: KernelEvent, effects: readonly KernelEffect[]): void {
    if (!this.#isOpen) return;
    this.#append(
      [inputLine(event)],
      eventsOf(effects).map((emitted) => JSON.stringify(emitted)),
    );
    if (this.#bytes > this.#bytesMax) this.#end('it became too large');
  }

  stop(): void {
    if (this.#isOpen) this.#close();
  }

  #append(inputs: readonly string[], events: readonly string[]): void {
    try {
      if (events.length > 0) this.#bytes += writeSync(this.#events, `${events.join('\n')}\n`);
      this.#bytes += writeSync(this.#inputs, `${inputs.join('\n')}\n`);
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
    }
  }

  #end(problem: string): void {
    this.#logger.warn({ problem }, 'the recording ended');
    this.#close();
  }

  #close(): void {
    this.#isOpen = false;
    closeSync(this.#inputs);
    closeSync(this.#events);
  }
}
