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
    const total = new Float64Array(FIELDS);
    let level = 0;
    for (let back = 1; back <= this.#within(ticks); back++) {
      const start = this.#start(back);
      for (let field = 0; field < FIELDS; field++) {
        total[field] = (total[field] ?? 0) + (this.#ring[start + field] ?? 0);
      }
      level = Math.max(level, this.#ring[start + FIELDS - 1] ?? 0);
    }
    const at = (field: number): number => total[field] ?? 0;
    return {
      durationSec: at(0),
      offered: at(1),
      admitted: at(2),
      attempts: at(3),
      retries: at(4),
      failures: at(5),
      breakerRefused: at(6),
      latencySumMs: at(7),
      answers: at(8),
      logSum: at(9),
      logSquares: at(10),
      admittedLevelMax: level,
    };
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
