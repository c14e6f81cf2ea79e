import type { SleepOptions, Timing } from '../../client/timing.ts';
import { manualClock } from './manual-clock.ts';

interface Sleeper {
  readonly endMs: number;
  readonly ref: boolean;
  readonly wake: () => void;
}

/** Time that a test moves by hand, past every sleeper in order; chance is the number that it sets. */
export class ManualTiming implements Timing {
  readonly clock = manualClock(1_800_000_000_000);
  /** In [0, 1). */
  chance = 0.5;
  /** Every pause that was asked for, ms. */
  readonly pauses: number[] = [];
  readonly #sleepers = new Set<Sleeper>();

  random = (): number => this.chance;

  sleep = (ms: number, { signal, ref }: SleepOptions): Promise<void> =>
    new Promise((resolve) => {
      this.pauses.push(ms);
      const wake = (): void => {
        this.#sleepers.delete(sleeper);
        resolve();
      };
      const sleeper = { endMs: this.clock.monotonicMs() + ms, ref, wake };
      this.#sleepers.add(sleeper);
      if (signal.aborted) wake();
      else signal.addEventListener('abort', wake, { once: true });
    });

  /** Those who sleep now: whether they keep the process alive. */
  get sleepers(): readonly boolean[] {
    return [...this.#sleepers].map(({ ref }) => ref);
  }

  async advance(ms: number): Promise<void> {
    const endMs = this.clock.monotonicMs() + ms;
    for (;;) {
      await everythingDone();
      const [next] = [...this.#sleepers].filter((each) => each.endMs <= endMs).sort((a, b) => a.endMs - b.endMs);
      if (next === undefined) break;
      this.clock.advance(Math.max(0, next.endMs - this.clock.monotonicMs()));
      next.wake();
    }
    this.clock.advance(endMs - this.clock.monotonicMs());
    await everythingDone();
  }
}

/** All that can be done without time passing has been done. */
export async function everythingDone(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
