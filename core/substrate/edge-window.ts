import type { EdgeDelta } from './edge-delta.ts';
import { logMoments } from './latency-buckets.ts';
import { listOf, numbersOf, type Plain } from './plain-value.ts';

/** W: ticks of a gate's window; doubled up to the maximum while too little happened (MATHS §B0). */
export const WINDOW_TICKS = 10;
/** Ticks of the longest window, a minute of them. */
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
  nativeRefused: number;
  latencySumMs: number;
  /** Answers, Σ ln(latency), Σ ln²(latency). */
  answers: number;
  logSum: number;
  logSquares: number;
  /** Largest, not summed. */
  admittedLevelMax: number;
  /** Calls in flight at the end of the window, and just before its first tick. */
  inFlightEnd: number;
  inFlightStart: number;
  /** Mean of what was in flight at the end of each tick. */
  inFlightMean: number;
}

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

/** Sums over no tick. */
export const emptySums = (): WindowSums => ({
  durationSec: 0,
  offered: 0,
  admitted: 0,
  attempts: 0,
  retries: 0,
  failures: 0,
  breakerRefused: 0,
  nativeRefused: 0,
  latencySumMs: 0,
  answers: 0,
  logSum: 0,
  logSquares: 0,
  admittedLevelMax: 0,
  inFlightEnd: 0,
  inFlightStart: 0,
  inFlightMean: 0,
});

/** Attempts that were aimed at the callee: those that sidecars, native limits and breakers refused too. */
export const attemptsAimed = ({ offered, attempts, breakerRefused, nativeRefused }: WindowSums): number =>
  Math.max(offered, attempts + breakerRefused + nativeRefused);

const FIELDS = 14;
const DURATION = 0;
const OFFERED = 1;
const ADMITTED = 2;
const ATTEMPTS = 3;
const RETRIES = 4;
const FAILURES = 5;
const BREAKER_REFUSED = 6;
const NATIVE_REFUSED = 7;
const LATENCY_SUM = 8;
const ANSWERS = 9;
const LOG_SUM = 10;
const LOG_SQUARES = 11;
const LEVEL = 12;
const IN_FLIGHT = 13;

/** One tick more than a window holds: what was in flight when it began. */
const SLOTS = WINDOW_TICKS_MAX + 1;
/** Where the last slot begins. */
const LAST = (SLOTS - 1) * FIELDS;

/** The last minute of an edge, tick by tick, in one block of memory, none of which is ever missing. */
export class EdgeWindow {
  readonly #ring = new Float64Array(FIELDS * SLOTS);
  #next = 0;
  #size = 0;

  push(durationSec: number, delta: EdgeDelta): void {
    const { count, sum, squares } = logMoments(delta.latencyBuckets);
    const ring = this.#ring;
    const start = this.#next * FIELDS;
    ring[start + DURATION] = durationSec;
    ring[start + OFFERED] = delta.offered;
    ring[start + ADMITTED] = delta.admitted;
    ring[start + ATTEMPTS] = delta.attempts;
    ring[start + RETRIES] = delta.retries;
    ring[start + FAILURES] = delta.failures;
    ring[start + BREAKER_REFUSED] = delta.breakerRefused;
    ring[start + NATIVE_REFUSED] = delta.nativeRefused;
    ring[start + LATENCY_SUM] = delta.latencySumMs;
    ring[start + ANSWERS] = count;
    ring[start + LOG_SUM] = sum;
    ring[start + LOG_SQUARES] = squares;
    ring[start + LEVEL] = delta.admittedLevelMax;
    ring[start + IN_FLIGHT] = delta.inFlight;
    this.#next = (this.#next + 1) % SLOTS;
    this.#size = Math.min(this.#size + 1, SLOTS);
  }

  /** Attempts over the newest `ticks`. */
  attempts(ticks: number): number {
    let attempts = 0;
    for (let back = 1; back <= this.#within(ticks); back++) {
      attempts += this.#ring[this.#start(back) + ATTEMPTS] as number;
    }
    return attempts;
  }

  /** Ticks that it holds, one more than a window. */
  get size(): number {
    return this.#size;
  }

  /** The tick so many back, 1 being the newest; `null` where there is none. */
  tick(back: number): WindowTick | null {
    if (back < 1 || back > this.#size) return null;
    const start = this.#start(back);
    const at = (field: number): number => this.#ring[start + field] as number;
    return {
      durationSec: at(DURATION),
      attempts: at(ATTEMPTS),
      failures: at(FAILURES),
      answers: at(ANSWERS),
      latencySumMs: at(LATENCY_SUM),
      inFlight: at(IN_FLIGHT),
    };
  }

  /** Answers of the newest tick. */
  get newestAnswers(): number {
    return this.#size > 0 ? (this.#ring[this.#start(1) + ANSWERS] as number) : 0;
  }

  /** Σ ln(latency) of the newest tick. */
  get newestLogSum(): number {
    return this.#size > 0 ? (this.#ring[this.#start(1) + LOG_SUM] as number) : 0;
  }

  /**
   * Writes the sums over the newest `ticks`, or as many as there are, into `total`.
   * Spelled out field by field, and summed outside the object: this runs for every
   * edge in every tick.
   */
  sumInto(total: WindowSums, ticks: number): WindowSums {
    const ring = this.#ring;
    const within = this.#within(ticks);
    let [durationSec, offered, admitted, attempts, retries, failures] = [0, 0, 0, 0, 0, 0];
    let [breakerRefused, nativeRefused, latencySumMs, answers, logSum, logSquares] = [0, 0, 0, 0, 0, 0];
    let [inFlight, level] = [0, 0];
    let start = this.#next * FIELDS;
    for (let back = 1; back <= within; back++) {
      start = start === 0 ? LAST : start - FIELDS;
      durationSec += ring[start + DURATION] as number;
      offered += ring[start + OFFERED] as number;
      admitted += ring[start + ADMITTED] as number;
      attempts += ring[start + ATTEMPTS] as number;
      retries += ring[start + RETRIES] as number;
      failures += ring[start + FAILURES] as number;
      breakerRefused += ring[start + BREAKER_REFUSED] as number;
      nativeRefused += ring[start + NATIVE_REFUSED] as number;
      latencySumMs += ring[start + LATENCY_SUM] as number;
      answers += ring[start + ANSWERS] as number;
      logSum += ring[start + LOG_SUM] as number;
      logSquares += ring[start + LOG_SQUARES] as number;
      inFlight += ring[start + IN_FLIGHT] as number;
      const levelMax = ring[start + LEVEL] as number;
      if (levelMax > level) level = levelMax;
    }
    total.durationSec = durationSec;
    total.offered = offered;
    total.admitted = admitted;
    total.attempts = attempts;
    total.retries = retries;
    total.failures = failures;
    total.breakerRefused = breakerRefused;
    total.nativeRefused = nativeRefused;
    total.latencySumMs = latencySumMs;
    total.answers = answers;
    total.logSum = logSum;
    total.logSquares = logSquares;
    total.admittedLevelMax = level;
    total.inFlightMean = inFlight / Math.max(1, within);
    total.inFlightEnd = within > 0 ? (ring[this.#start(1) + IN_FLIGHT] as number) : 0;
    total.inFlightStart =
      this.#size > 0 ? (ring[this.#start(Math.min(within + 1, this.#size)) + IN_FLIGHT] as number) : 0;
    return total;
  }

  /** Sums over the newest `ticks`, or as many as there are. */
  sums(ticks: number): WindowSums {
    return this.sumInto(emptySums(), ticks);
  }

  /** Its ticks, oldest first. */
  toPlain(): Plain {
    return Array.from({ length: this.#size }, (_, i) => {
      const start = this.#start(this.#size - i);
      return [...this.#ring.subarray(start, start + FIELDS)];
    });
  }

  /** The window that told its ticks. Throws `PlainValueError`. */
  static fromPlain(plain: Plain): EdgeWindow {
    const window = new EdgeWindow();
    for (const tick of listOf(plain).slice(-SLOTS)) {
      window.#ring.set(numbersOf(tick).slice(0, FIELDS), window.#next * FIELDS);
      window.#next = (window.#next + 1) % SLOTS;
      window.#size++;
    }
    return window;
  }

  #within(ticks: number): number {
    return Math.min(ticks, this.#size, WINDOW_TICKS_MAX);
  }

  /** Where the tick so many back begins. */
  #start(back: number): number {
    return ((this.#next - back + SLOTS) % SLOTS) * FIELDS;
  }
}
