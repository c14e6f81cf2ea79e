import type { EdgeDelta } from './edge-delta.ts';
import { type LogMoments, logMoments } from './latency-buckets.ts';
import { NumberRows } from './number-rows.ts';
import { fieldsOf, listOf, numbersOf, type Plain } from './plain-value.ts';
import { EdgeSums, PLACE, type WindowSums } from './window-sums.ts';

/** W: ticks of a gate's window; doubled up to the maximum while too little happened (MATHS §B0). */
export const WINDOW_TICKS = 10;
/** Ticks of the longest window, a minute of them. */
export const WINDOW_TICKS_MAX = 60;

/** One tick of an edge. */
export interface WindowTick {
  readonly durationSec: number;
  readonly attempts: number;
  readonly failures: number;
  readonly answers: number;
  readonly latencySumMs: number;
  /** At its end. */
  readonly inFlight: number;
}

/** Calls in flight at the end of the tick, which are no sum. */
const IN_FLIGHT = 13;
const FIELDS = 14;

/** One tick more than a window holds: where it began. */
const SLOTS = WINDOW_TICKS_MAX + 1;
/** Sums that are copied at once. */
const SCRATCH = new EdgeSums();
/** What stood before the first tick. */
const ZEROS = new Float64Array(FIELDS);
/** Sums up to the end of each tick. */
const ROWS = new NumberRows(FIELDS, SLOTS);
const STRIDE = ROWS.stride;
/** The largest level in each: that one is looked for among many. */
const LEVELS = new NumberRows(SLOTS);

/**
 * The last minute of an edge, none of whose ticks is ever missing. What was summed
 * up to the end of each tick is kept, so that a window of any length is the
 * difference of two of them: this is asked of every edge in every tick.
 */
export class EdgeWindow {
  readonly #ring: Float64Array;
  readonly #first: number;
  readonly #levels: Float64Array;
  readonly #firstLevel: number;
  #next = 0;
  #size = 0;
  /** How far back the largest level of the newest `#levelTicks` stands. */
  #largestBack = 0;
  #levelTicks = 0;
  readonly #newest = { count: 0, sum: 0, squares: 0 };

  constructor() {
    const sums = ROWS.take();
    const levels = LEVELS.take();
    this.#ring = sums.numbers;
    this.#first = sums.start;
    this.#levels = levels.numbers;
    this.#firstLevel = levels.start;
  }

  push(durationSec: number, delta: EdgeDelta): void {
    const moments = logMoments(delta.latencyBuckets);
    const ring = this.#ring;
    const before = this.#size > 0 ? ring : ZEROS;
    const from = this.#size > 0 ? this.#start(1) : 0;
    const to = this.#first + this.#next * STRIDE;
    ring[to + PLACE.duration] = (before[from + PLACE.duration] as number) + durationSec;
    ring[to + PLACE.offered] = (before[from + PLACE.offered] as number) + delta.offered;
    ring[to + PLACE.admitted] = (before[from + PLACE.admitted] as number) + delta.admitted;
    ring[to + PLACE.attempts] = (before[from + PLACE.attempts] as number) + delta.attempts;
    ring[to + PLACE.retries] = (before[from + PLACE.retries] as number) + delta.retries;
    ring[to + PLACE.failures] = (before[from + PLACE.failures] as number) + delta.failures;
    ring[to + PLACE.breakerRefused] = (before[from + PLACE.breakerRefused] as number) + delta.breakerRefused;
    ring[to + PLACE.nativeRefused] = (before[from + PLACE.nativeRefused] as number) + delta.nativeRefused;
    ring[to + PLACE.latencySum] = (before[from + PLACE.latencySum] as number) + delta.latencySumMs;
    ring[to + PLACE.answers] = (before[from + PLACE.answers] as number) + moments.count;
    ring[to + PLACE.logSum] = (before[from + PLACE.logSum] as number) + moments.sum;
    ring[to + PLACE.logSquares] = (before[from + PLACE.logSquares] as number) + moments.squares;
    ring[to + PLACE.inFlightSum] = (before[from + PLACE.inFlightSum] as number) + delta.inFlight;
    ring[to + IN_FLIGHT] = delta.inFlight;
    this.#largestBack = delta.admittedLevelMax >= this.#level(this.#largestBack) ? 1 : this.#largestBack + 1;
    this.#levels[this.#firstLevel + this.#next] = delta.admittedLevelMax;
    this.#newest.count = moments.count;
    this.#newest.sum = moments.sum;
    this.#newest.squares = moments.squares;
    this.#next = (this.#next + 1) % SLOTS;
    this.#size = Math.min(this.#size + 1, SLOTS);
  }

  /** Attempts over the newest `ticks`. */
  attempts(ticks: number): number {
    return this.#sum(PLACE.attempts, 1, this.#within(ticks));
  }

  /** Ticks that it holds, one more than a window. */
  get size(): number {
    return this.#size;
  }

  /** The tick so many back, 1 being the newest; `null` where there is none. */
  tick(back: number): WindowTick | null {
    // Of the oldest one it is not known where it began.
    if (back < 1 || back > this.#size || back === SLOTS) return null;
    const of = (field: number): number => this.#sum(field, back, 1);
    return {
      durationSec: of(PLACE.duration),
      attempts: of(PLACE.attempts),
      failures: of(PLACE.failures),
      answers: of(PLACE.answers),
      latencySumMs: of(PLACE.latencySum),
      inFlight: this.#ring[this.#start(back) + IN_FLIGHT] as number,
    };
  }

  /** n, Σ ln(latency) and Σ ln² of the newest tick; holds until the next one. */
  get newest(): LogMoments {
    return this.#newest;
  }

  /** Writes the sums over the newest `ticks`, or as many as there are, into `total`. */
  sumInto(total: EdgeSums, ticks: number): EdgeSums {
    const ring = this.#ring;
    const within = this.#within(ticks);
    const end = within > 0 ? ring : ZEROS;
    const endAt = within > 0 ? this.#start(1) : 0;
    const start = within < this.#size ? ring : ZEROS;
    const startAt = within < this.#size ? this.#start(within + 1) : 0;
    const first = this.#size > 0 ? this.#start(Math.min(within + 1, this.#size)) : 0;
    total.enter({ end, endAt, start, startAt }, within, {
      inFlightEnd: end[endAt + IN_FLIGHT] as number,
      inFlightStart: this.#size > 0 ? (ring[first + IN_FLIGHT] as number) : 0,
      admittedLevelMax: this.#largestLevel(within),
    });
    return total;
  }

  /** Sums over the newest `ticks`, or as many as there are. */
  sums(ticks: number): WindowSums {
    return this.sumInto(SCRATCH, ticks).copy();
  }

  /** What it keeps of each tick, oldest first. */
  toPlain(): Plain {
    const { count, sum, squares } = this.#newest;
    const kept = Array.from({ length: this.#size }, (_, i) => {
      const back = this.#size - i;
      const start = this.#start(back);
      return [...this.#ring.subarray(start, start + FIELDS), this.#level(back)];
    });
    return { newest: [count, sum, squares], kept };
  }

  /** The window that told what it keeps. Throws `PlainValueError`. */
  static fromPlain(plain: Plain): EdgeWindow {
    const { newest, kept } = fieldsOf(plain);
    const window = new EdgeWindow();
    const [count = 0, sum = 0, squares = 0] = numbersOf(newest ?? null);
    Object.assign(window.#newest, { count, sum, squares });
    for (const tick of listOf(kept).slice(-SLOTS)) {
      const numbers = numbersOf(tick);
      window.#ring.set(numbers.slice(0, FIELDS), window.#first + window.#next * STRIDE);
      window.#levels[window.#firstLevel + window.#next] = numbers[FIELDS] ?? 0;
      window.#next = (window.#next + 1) % SLOTS;
      window.#size++;
    }
    return window;
  }

  /** The sum of a field over `ticks`, of which the newest is so many back. */
  #sum(field: number, back: number, ticks: number): number {
    if (ticks === 0) return 0;
    const end = this.#ring[this.#start(back) + field] as number;
    const beyond = back + ticks;
    return beyond > this.#size ? end : end - (this.#ring[this.#start(beyond) + field] as number);
  }

  /** Looks at all of them only where the largest one has left the window, or the window has another length. */
  #largestLevel(ticks: number): number {
    if (ticks === 0) return 0;
    if (ticks !== this.#levelTicks || this.#largestBack > ticks) {
      this.#levelTicks = ticks;
      this.#largestBack = 1;
      for (let back = 2; back <= ticks; back++) {
        if (this.#level(back) > this.#level(this.#largestBack)) this.#largestBack = back;
      }
    }
    return this.#level(this.#largestBack);
  }

  #level(back: number): number {
    return this.#levels[this.#firstLevel + this.#slot(back)] as number;
  }

  #within(ticks: number): number {
    return Math.min(ticks, this.#size, WINDOW_TICKS_MAX);
  }

  /** Where the tick so many back begins. */
  #start(back: number): number {
    return this.#first + this.#slot(back) * STRIDE;
  }

  #slot(back: number): number {
    const slot = this.#next - back;
    return slot < 0 ? slot + SLOTS : slot;
  }
}
