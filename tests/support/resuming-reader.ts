import { setTimeout as delay } from 'node:timers/promises';
import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';

export type ToldEvent = Pick<CapacityEvent, 'sequence' | 'id' | 'workloadId' | 'message'>;

/** Events after a sequence, until the connection breaks. */
export type OpenEvents = (afterSequence: number, signal: AbortSignal) => AsyncIterable<ToldEvent>;

const RETRY_MS = 50;

/**
 * Reads events as the reference tells clients to: after every break it goes on
 * at a sequence that it has had, here some events early, and drops what comes again.
 */
export class ResumingReader {
  readonly events: ToldEvent[] = [];
  /** Times that the connection broke. */
  breaks = 0;
  /** Events that came again. */
  repeated = 0;
  readonly #open: OpenEvents;
  readonly #early: () => number;
  readonly #aborter = new AbortController();
  readonly #running: Promise<void>;

  /** @param early how many events before its last one the reader goes on, after each break */
  constructor(open: OpenEvents, early: () => number) {
    this.#open = open;
    this.#early = early;
    this.#running = this.#run();
  }

  get lastSequence(): number {
    return this.events.at(-1)?.sequence ?? 0;
  }

  async stop(): Promise<void> {
    this.#aborter.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#aborter;
    while (!signal.aborted) {
      const from = this.events.at(-1 - this.#early())?.sequence ?? 0;
      try {
        for await (const event of this.#open(from, signal)) this.#take(event);
      } catch {
        // Whatever it was: the next try tells.
      }
      if (signal.aborted) return;
      this.breaks += 1;
      await delay(RETRY_MS);
    }
  }

  #take(event: ToldEvent): void {
    if (event.sequence <= this.lastSequence) this.repeated += 1;
    else this.events.push(event);
  }
}
