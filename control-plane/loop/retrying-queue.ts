import { setTimeout as delay } from 'node:timers/promises';

export interface RetryingQueueOptions<T> {
  /** Stores one item; a rejection means that it is tried again. */
  readonly send: (item: T) => Promise<unknown>;
  /** Called for every failed try. */
  readonly onError: (error: unknown) => void;
  /** Items that may wait; the oldest is dropped for a new one beyond that. */
  readonly waitingMax: number;
  /** Pause after a failed try. Default 500 ms. */
  readonly retryMs?: number;
}

/** Sends items one after the other, in order, each until it is accepted. Bounded: counts what it drops. */
export class RetryingQueue<T> {
  readonly #options: RetryingQueueOptions<T>;
  readonly #waiting: T[] = [];
  readonly #aborter = new AbortController();
  #running: Promise<void> | undefined;
  #dropped = 0;

  constructor(options: RetryingQueueOptions<T>) {
    this.#options = options;
  }

  get dropped(): number {
    return this.#dropped;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  push(item: T): void {
    if (this.#aborter.signal.aborted) return;
    if (this.#waiting.length >= this.#options.waitingMax) {
      this.#waiting.shift();
      this.#dropped += 1;
    }
    this.#waiting.push(item);
    this.#running ??= this.#run();
  }

  /** Settles when nothing is waiting any more. */
  async drained(): Promise<void> {
    await this.#running;
  }

  /** Gives up what is still waiting. */
  stop(): void {
    this.#aborter.abort();
    this.#waiting.length = 0;
  }

  async #run(): Promise<void> {
    const { signal } = this.#aborter;
    while (this.#waiting.length > 0 && !signal.aborted) {
      const item = this.#waiting[0] as T;
      try {
        await this.#options.send(item);
        if (this.#waiting[0] === item) this.#waiting.shift();
      } catch (error) {
        this.#options.onError(error);
        await delay(this.#options.retryMs ?? 500, undefined, { signal }).catch(() => {});
      }
    }
    this.#running = undefined;
  }
}
