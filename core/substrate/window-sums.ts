import { NumberRows } from './number-rows.ts';
import { listOf, numbersOf, type Plain } from './plain-value.ts';

/** Sums over the newest ticks of an edge. */
export interface WindowSums {
  readonly durationSec: number;
  readonly offered: number;
  readonly admitted: number;
  readonly attempts: number;
  readonly retries: number;
  readonly failures: number;
  readonly breakerRefused: number;
  readonly nativeRefused: number;
  readonly latencySumMs: number;
  /** Answers, Σ ln(latency), Σ ln²(latency). */
  readonly answers: number;
  readonly logSum: number;
  readonly logSquares: number;
  /** Mean of what was in flight at the end of each tick. */
  readonly inFlightMean: number;
  /** Calls in flight at the end of the window, and just before its first tick. */
  readonly inFlightEnd: number;
  readonly inFlightStart: number;
  /** Largest, not summed. */
  readonly admittedLevelMax: number;
}

/** Attempts that were aimed at the callee: those that sidecars, native limits and breakers refused too. */
export const attemptsAimed = ({ offered, attempts, breakerRefused, nativeRefused }: WindowSums): number =>
  Math.max(offered, attempts + breakerRefused + nativeRefused);

/** Places of what is summed, in the sums of a window as in what an edge keeps of each tick. */
export const PLACE = {
  duration: 0,
  offered: 1,
  admitted: 2,
  attempts: 3,
  retries: 4,
  failures: 5,
  breakerRefused: 6,
  nativeRefused: 7,
  latencySum: 8,
  answers: 9,
  logSum: 10,
  logSquares: 11,
  inFlightSum: 12,
} as const;
const SUMMED = 13;

const IN_FLIGHT_MEAN = 12;
const IN_FLIGHT_END = 13;
const IN_FLIGHT_START = 14;
const LEVEL = 15;
const FIELDS = 16;
const ROWS = new NumberRows(FIELDS);

/** What a window is a difference of: what was summed up to its end less what was summed before its start. */
export interface WindowEnds {
  readonly end: Float64Array;
  readonly endAt: number;
  readonly start: Float64Array;
  readonly startAt: number;
}

/** The sums of one edge, written anew in every tick. */
export class EdgeSums implements WindowSums {
  readonly #numbers: Float64Array;
  readonly #first: number;

  constructor() {
    const { numbers, start } = ROWS.take();
    this.#numbers = numbers;
    this.#first = start;
  }

  get durationSec(): number {
    return this.#numbers[this.#first + PLACE.duration] as number;
  }

  get offered(): number {
    return this.#numbers[this.#first + PLACE.offered] as number;
  }

  get admitted(): number {
    return this.#numbers[this.#first + PLACE.admitted] as number;
  }

  get attempts(): number {
    return this.#numbers[this.#first + PLACE.attempts] as number;
  }

  get retries(): number {
    return this.#numbers[this.#first + PLACE.retries] as number;
  }

  get failures(): number {
    return this.#numbers[this.#first + PLACE.failures] as number;
  }

  get breakerRefused(): number {
    return this.#numbers[this.#first + PLACE.breakerRefused] as number;
  }

  get nativeRefused(): number {
    return this.#numbers[this.#first + PLACE.nativeRefused] as number;
  }

  get latencySumMs(): number {
    return this.#numbers[this.#first + PLACE.latencySum] as number;
  }

  get answers(): number {
    return this.#numbers[this.#first + PLACE.answers] as number;
  }

  get logSum(): number {
    return this.#numbers[this.#first + PLACE.logSum] as number;
  }

  get logSquares(): number {
    return this.#numbers[this.#first + PLACE.logSquares] as number;
  }

  get inFlightMean(): number {
    return this.#numbers[this.#first + IN_FLIGHT_MEAN] as number;
  }

  get inFlightEnd(): number {
    return this.#numbers[this.#first + IN_FLIGHT_END] as number;
  }

  get inFlightStart(): number {
    return this.#numbers[this.#first + IN_FLIGHT_START] as number;
  }

  get admittedLevelMax(): number {
    return this.#numbers[this.#first + LEVEL] as number;
  }

  /** Takes what a window of so many ticks holds; the rest is no difference. */
  enter(
    { end, endAt, start, startAt }: WindowEnds,
    ticks: number,
    rest: Pick<WindowSums, 'inFlightEnd' | 'inFlightStart' | 'admittedLevelMax'>,
  ): void {
    const own = this.#numbers;
    const first = this.#first;
    for (let field = 0; field < SUMMED; field++) {
      own[first + field] = (end[endAt + field] as number) - (start[startAt + field] as number);
    }
    own[first + IN_FLIGHT_MEAN] = (own[first + PLACE.inFlightSum] as number) / Math.max(1, ticks);
    own[first + IN_FLIGHT_END] = rest.inFlightEnd;
    own[first + IN_FLIGHT_START] = rest.inFlightStart;
    own[first + LEVEL] = rest.admittedLevelMax;
  }

  /** As they are now, for those who keep them longer than a tick. */
  copy(): WindowSums {
    return {
      durationSec: this.durationSec,
      offered: this.offered,
      admitted: this.admitted,
      attempts: this.attempts,
      retries: this.retries,
      failures: this.failures,
      breakerRefused: this.breakerRefused,
      nativeRefused: this.nativeRefused,
      latencySumMs: this.latencySumMs,
      answers: this.answers,
      logSum: this.logSum,
      logSquares: this.logSquares,
      inFlightMean: this.inFlightMean,
      inFlightEnd: this.inFlightEnd,
      inFlightStart: this.inFlightStart,
      admittedLevelMax: this.admittedLevelMax,
    };
  }

  toPlain(): Plain {
    return [...this.#numbers.subarray(this.#first, this.#first + FIELDS)];
  }

  /** Throws `PlainValueError`. */
  static fromPlain(plain: Plain): EdgeSums {
    const sums = new EdgeSums();
    sums.#numbers.set(numbersOf(listOf(plain)).slice(0, FIELDS), sums.#first);
    return sums;
  }
}

/** Sums over no tick. */
export const NO_SUMS: WindowSums = new EdgeSums().copy();
