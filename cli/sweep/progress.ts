import type { CliContext } from '../context.ts';
import { formatDuration } from '../output/format-duration.ts';

const BAR_WIDTH = 30;
const REDRAW_MS = 100;
/** Where stderr is no terminal: as many lines. */
const PLAIN_LINES = 10;

/** Tells on stderr how far a sweep is and how long it will take: a bar in a terminal, now and then a line elsewhere. */
export class Progress {
  readonly #context: Pick<CliContext, 'clock' | 'err' | 'redraw'>;
  readonly #total: number;
  readonly #before: number;
  readonly #startMs: number;
  #done: number;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #told: number;

  /** @param before points that an earlier run had finished */
  constructor(context: Pick<CliContext, 'clock' | 'err' | 'redraw'>, total: number, before: number) {
    this.#context = context;
    this.#total = total;
    this.#before = before;
    this.#done = before;
    this.#told = this.#lines();
    this.#startMs = context.clock.monotonicMs();
  }

  pointDone(): void {
    this.#done += 1;
    const { redraw, clock, err } = this.#context;
    const share = this.#done / this.#total;
    if (redraw !== undefined) {
      const nowMs = clock.monotonicMs();
      if (nowMs - this.#drawnMs < REDRAW_MS && share < 1) return;
      this.#drawnMs = nowMs;
      const filled = Math.round(BAR_WIDTH * share);
      redraw(`[${'='.repeat(filled)}${' '.repeat(BAR_WIDTH - filled)}] ${this.#words()}`);
    } else if (this.#lines() > this.#told) {
      this.#told = this.#lines();
      err(this.#words());
    }
  }

  /** Takes the bar away. */
  end(): void {
    this.#context.redraw?.('');
  }

  /** Lines that are due by now. */
  #lines(): number {
    return Math.floor((PLAIN_LINES * this.#done) / this.#total);
  }

  #words(): string {
    const left = this.#total - this.#done;
    const msPerPoint = (this.#context.clock.monotonicMs() - this.#startMs) / (this.#done - this.#before);
    const time = left === 0 ? 'done' : `${formatDuration(left * msPerPoint)} left`;
    return `${this.#done} of ${this.#total} points, ${time}`;
  }
}
