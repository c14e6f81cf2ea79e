import type { EdgeDelta } from './edge-delta.ts';
import { logMoments } from './latency-buckets.ts';

/** W: ticks of a gate's window; doubled up to the maximum while too little happened (MATHS §B0). */
export const WINDOW_TICKS = 10;
export const WINDOW_TICKS_MAX = 60;

/** Sums over the newest ticks of an edge. */
export interface WindowSums {
  durationSec: number;
  offered: number;
  admitted: number;
  attempts: number;
  retries: number;
  failures: number;
  breakerRefused: number;
  latencySumMs: number;
  /** Answers, Σ ln(latency), Σ ln²(latency). */
  answers: number;
  logSum: number;
  logSquares: number;
  /** Largest, not summed. */
  admittedLevelMax: number;
}

export const emptySums = (): WindowSums => ({
  durationSec: 0,
  offered: 0,
  admitted: 0,
  attempts: 0,
  retries: 0,
  failures: 0,
  breakerRefused: 0,
  latencySumMs: 0,
  answers: 0,
  logSum: 0,
  logSquares: 0,
  admittedLevelMax: 0,
});

const FIELDS = 12;
const ATTEMPTS = 3;

/** The last minute of an edge, tick by tick, in one block of memory. */
export class EdgeWindow {
  readonly #ring = new Float64Array(FIELDS * WINDOW_TICKS_MAX);
  #next = 0;
  #size = 0;

  push(durationSec: number, delta: EdgeDelta): void {
    const { count, sum, squares } = logMoments(delta.latencyBuckets);
    this.#ring.set(
      [
        durationSec,
        delta.offered,
        delta.admitted,
        delta.attempts,
        delta.retries,
        delta.failures,
        delta.breakerRefused,
        delta.latencySumMs,
        count,
        sum,
        squares,
        delta.admittedLevelMax,
      ],
      this.#next * FIELDS,
    );
    this.#next = (this.#next + 1) % WINDOW_TICKS_MAX;
    this.#size = Math.min(this.#size + 1, WINDOW_TICKS_MAX);
  }

  /** Attempts over the newest `ticks`. */
  attempts(ticks: number): number {
    let attempts = 0;
    for (let back = 1; back <= this.#within(ticks); back++) {
      attempts += this.#ring[this.#start(back) + ATTEMPTS] ?? 0;
    }
    return attempts;
  }

  /** Sums over the newest `ticks`, or as many as there are. */
  sums(ticks: number): WindowSums {
    const total = emptySums();
    for (let back = 1; back <= this.#within(ticks); back++) this.#addTick(total, this.#start(back));
    return total;
  }

  /** Spelled out field by field: this runs for every edge in every tick. */
  #addTick(total: WindowSums, start: number): void {
    const ring = this.#ring;
    total.durationSec += ring[start] ?? 0;
    total.offered += ring[start + 1] ?? 0;
    total.admitted += ring[start + 2] ?? 0;
    total.attempts += ring[start + ATTEMPTS] ?? 0;
    total.retries += ring[start + 4] ?? 0;
    total.failures += ring[start + 5] ?? 0;
    total.breakerRefused += ring[start + 6] ?? 0;
    total.latencySumMs += ring[start + 7] ?? 0;
    total.answers += ring[start + 8] ?? 0;
    total.logSum += ring[start + 9] ?? 0;
    total.logSquares += ring[start + 10] ?? 0;
    total.admittedLevelMax = Math.max(total.admittedLevelMax, ring[start + 11] ?? 0);
  }

  #within(ticks: number): number {
    return Math.min(ticks, this.#size);
  }

  /** Where the tick so many back begins. */
  #start(back: number): number {
    return ((this.#next - back + WINDOW_TICKS_MAX) % WINDOW_TICKS_MAX) * FIELDS;
  }
}

/** Ticks that a window needs to hold at least `mass`: W doubled while it does not, up to the maximum. */
export function windowTicks(mass: number, massOver: (ticks: number) => number): number {
  let ticks = WINDOW_TICKS;
  while (ticks < WINDOW_TICKS_MAX && massOver(ticks) < mass) ticks = Math.min(2 * ticks, WINDOW_TICKS_MAX);
  return ticks;
}
