import { checkpointOf } from '../../core/kernel/checkpoint.ts';
import type { KernelEffect, KernelEvent } from '../../core/kernel/kernel-io.ts';
import type { KernelState } from '../../core/kernel/kernel-state.ts';
import type { Logger } from '../../platform/logger.ts';
import type { StoredCheckpoint } from '../state/checkpoint-store.ts';
import { isSmall, type KernelObserver } from './kernel-observer.ts';

/** Where checkpoints go; answers whether it fitted. */
export interface CheckpointSink {
  put(checkpoint: StoredCheckpoint): Promise<boolean>;
}

/** Time between two checkpoints; a slow store makes it longer, never the ticks. */
const INTERVAL_MS = 3000;

/** Stores what the kernel remembers every few seconds, one write at a time. */
export class CheckpointSaver implements KernelObserver {
  readonly #store: CheckpointSink;
  readonly #logger: Pick<Logger, 'warn'>;
  #savedMs = Number.NEGATIVE_INFINITY;
  #saving: Promise<void> | undefined;
  #isTooLarge = false;

  constructor(store: CheckpointSink, logger: Pick<Logger, 'warn'>) {
    this.#store = store;
    this.#logger = logger;
  }

  started(): void {}

  stepped(event: KernelEvent, _effects: readonly KernelEffect[], state: KernelState): void {
    if (event.kind !== 'tick' || this.#saving !== undefined || event.nowMs - this.#savedMs < INTERVAL_MS) return;
    this.#savedMs = event.nowMs;
    const detail = isSmall(state) && !this.#isTooLarge ? 'full' : 'learned';
    const checkpoint = checkpointOf(state, detail);
    this.#saving = this.#save({ wallMs: event.wallMs, nowMs: event.nowMs, checkpoint });
  }

  /** Waits for a write that is under way. */
  async drained(): Promise<void> {
    await this.#saving;
  }

  async #save(checkpoint: StoredCheckpoint): Promise<void> {
    try {
      if (await this.#store.put(checkpoint)) return;
      if (checkpoint.checkpoint.detail === 'learned') this.#logger.warn('a checkpoint is too large for the store');
      this.#isTooLarge = true;
    } catch (error) {
      this.#logger.warn({ err: error }, 'the store did not take a checkpoint');
    } finally {
      this.#saving = undefined;
    }
  }
}
