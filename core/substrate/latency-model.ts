import { at } from '../at.ts';
import { fading } from './fading.ts';
import { NumberRows } from './number-rows.ts';
import { listOf, numbersOf, type Plain } from './plain-value.ts';

/** Loads whose ratio is below this count as the same load. */
const LOAD_RATIO = 1.25;
const LOADS = 64;
/** The load that the first class stands for, per second. */
const LOWEST_RPS = 0.1;
/** Time in which what was learned at one load counts half (MATHS §B1). */
const HALF_LIFE_SEC = 300;
const keptAfter = fading(HALF_LIFE_SEC);
/** A load is known once it has been seen for this long. */
const KNOWN_SEC = 30;
/** Dispersion that is assumed at first, and the time after which what was seen counts as much. */
const PRIOR_DISPERSION = 4;
const PRIOR_SEC = 300;
/** It is a property of the service more than of the hour, and a window gives one sample of it. */
const DISPERSION_HALF_LIFE_SEC = 1800;
/** An hour holds few independent windows, and the tail of a queue is long: the true dispersion may be twice what was seen. */
const DISPERSION_MARGIN = 2;
/** What sums of the same ticks in another order may differ by. */
const ROUNDING_SEC = 1e-6;
/** Loads that must be known before a curve is laid through them (MATHS §B1). */
const CURVE_LOADS_MIN = 6;

const SECONDS = 0;
const ANSWERS = 1;
const LOG_SUM = 2;
const RATE_SUM = 3;
const FIELDS = 4;
/** One row for each load. */
const CLASSES = new NumberRows(FIELDS, LOADS);

/** What is known of the dispersion, and the last whole window: its class, mean and s²/n. */
const DISPERSION_SUM = 0;
const DISPERSION_SEC = 1;
const SINCE_WINDOW_SEC = 2;
const WINDOW_CLASS = 3;
const WINDOW_MEAN_LOG = 4;
const WINDOW_NOISE = 5;
const SPREAD = new NumberRows(8);
/** There was no window yet. */
const NO_CLASS = -1;
const NEW_SPREAD = [PRIOR_DISPERSION * PRIOR_SEC, PRIOR_SEC, 0, NO_CLASS, 0, 0];

/**
 * What latency to expect at a load: ŷ = mean ln(latency in ms) (MATHS §B1).
 *
 * Load is the rate of calls, not the calls in flight: those contain the latency
 * itself, so that a service which became slow would explain itself. Each load
 * seen for half a minute has a mean of its own, which fades with a half-life of
 * 300 s of being at that load; a load that wavers between two classes is known
 * by both. Between known loads, and a little beyond, stands
 * the curve ln(c0 + c1·x + c2·x²), c ≥ 0, if at least six are known.
 */
export class LatencyModel {
  readonly #classes: Float64Array;
  readonly #firstClass: number;
  readonly #spread: Float64Array;
  readonly #firstSpread: number;
  #curve: readonly [number, number, number] | null | undefined;

  constructor() {
    const classes = CLASSES.take();
    const spread = SPREAD.take();
    this.#classes = classes.numbers;
    this.#firstClass = classes.start;
    this.#spread = spread.numbers;
    this.#firstSpread = spread.start;
    this.#spread.set(NEW_SPREAD, this.#firstSpread);
  }

  /** What the answers of a window looked like at a load; the newest `durationSec` of it have not been seen before. */
  learn(loadRps: number, seen: WindowLogSums, durationSec: number): void {
    const { answers, logSum } = seen;
    if (!(answers > 0) || !(loadRps > 0) || !Number.isFinite(logSum)) return;
    const index = classOf(loadRps);
    const at = this.#classAt(index);
    const keep = keptAfter(durationSec);
    this.#learnDispersion(index, seen, durationSec);
    const own = this.#classes;
    own[at + SECONDS] = (own[at + SECONDS] as number) + durationSec;
    own[at + ANSWERS] = keep * (own[at + ANSWERS] as number) + answers;
    own[at + LOG_SUM] = keep * (own[at + LOG_SUM] as number) + logSum;
    own[at + RATE_SUM] = keep * (own[at + RATE_SUM] as number) + answers * loadRps;
    this.#curve = undefined;
  }

  /**
   * How many times further apart two windows in a row are than with as many
   * independent answers, as a variance; at least 1. Answers that waited in one
   * queue are not independent of each other.
   */
  get dispersion(): number {
    const sum = this.#spread[this.#firstSpread + DISPERSION_SUM] as number;
    const seconds = this.#spread[this.#firstSpread + DISPERSION_SEC] as number;
    return Math.max(1, (DISPERSION_MARGIN * sum) / seconds);
  }

  /** ŷ at a load; `null` where nothing is known about such a load. */
  expected(loadRps: number): number | null {
    if (!(loadRps > 0)) return null;
    const index = classOf(loadRps);
    if (this.#isKnown(index)) return this.#meanAt(index, LOG_SUM);
    const own = this.#ofTwoClasses(loadRps);
    if (own !== null) return own;
    const curve = this.curve();
    if (curve === null) return null;
    if (loadRps < curve.lowestRps / LOAD_RATIO || loadRps > curve.highestRps * LOAD_RATIO) return null;
    return Math.log(curve.latencyMs(loadRps));
  }

  /** The rising curve through the known loads; `null` while too few are known. */
  curve(): LatencyCurve | null {
    const points = this.#points();
    const [lowest, highest] = [points[0], points.at(-1)];
    if (points.length < CURVE_LOADS_MIN || !lowest || !highest) return null;
    this.#curve ??= risingCurve(points);
    if (this.#curve === null) return null;
    const [c0, c1, c2] = this.#curve;
    return {
      lowestRps: lowest.loadRps,
      highestRps: highest.loadRps,
      latencyMs: (loadRps) => c0 + c1 * loadRps + c2 * loadRps * loadRps,
    };
  }

  /**
   * What it knows of each load: index, seconds, answers, Σ ln(latency), Σ rate.
   * Before that, under the index −1, what it knows of the dispersion.
   */
  toPlain(): Plain {
    const known = Array.from({ length: LOADS }, (_, i) => [
      i,
      ...this.#classes.subarray(this.#classAt(i), this.#classAt(i) + FIELDS),
    ]).filter(([, ...sums]) => sums.some((sum) => sum !== 0));
    return [[-1, ...this.#spread.subarray(this.#firstSpread, this.#firstSpread + WINDOW_NOISE + 1)], ...known];
  }

  /** The model that told what it knows. Throws `PlainValueError`. */
  static fromPlain(plain: Plain): LatencyModel {
    const model = new LatencyModel();
    for (const known of listOf(plain).slice(0, LOADS + 1)) {
      const [i = 0, ...sums] = numbersOf(known);
      if (i === -1) model.#adoptDispersion(sums);
      else if (i >= 0 && i < LOADS) model.#classes.set(sums.slice(0, FIELDS), model.#classAt(Math.floor(i)));
    }
    return model;
  }

  #adoptDispersion([
    sum = 0,
    seconds = 0,
    sinceSec = 0,
    index = NO_CLASS,
    meanLog = 0,
    noise = 0,
  ]: readonly number[]): void {
    if (seconds > 0) this.#spread.set([sum, seconds, sinceSec, index, meanLog, noise], this.#firstSpread);
  }

  /** Forgets everything. */
  clear(): void {
    for (let i = 0; i < LOADS; i++) this.#classes.fill(0, this.#classAt(i), this.#classAt(i) + FIELDS);
    this.#spread.set(NEW_SPREAD, this.#firstSpread);
    this.#curve = undefined;
  }

  /** Compares windows that do not overlap and were seen at about the same load. */
  #learnDispersion(index: number, seen: WindowLogSums, durationSec: number): void {
    const own = this.#spread;
    const at = this.#firstSpread;
    const sinceSec = (own[at + SINCE_WINDOW_SEC] as number) + durationSec;
    own[at + SINCE_WINDOW_SEC] = sinceSec;
    if (sinceSec < seen.durationSec - ROUNDING_SEC) return;
    const before = own[at + WINDOW_CLASS] as number;
    const meanLog = seen.logSum / seen.answers;
    const noise = varianceLog(seen) / seen.answers;
    const bothNoise = (own[at + WINDOW_NOISE] as number) + noise;
    const difference = meanLog - (own[at + WINDOW_MEAN_LOG] as number);
    own[at + SINCE_WINDOW_SEC] = 0;
    own[at + WINDOW_CLASS] = index;
    own[at + WINDOW_MEAN_LOG] = meanLog;
    own[at + WINDOW_NOISE] = noise;
    if (before === NO_CLASS || Math.abs(before - index) > 1 || !(bothNoise > 0)) return;
    const keep = 2 ** (-seen.durationSec / DISPERSION_HALF_LIFE_SEC);
    const apart = difference ** 2 / bothNoise;
    own[at + DISPERSION_SUM] = keep * (own[at + DISPERSION_SUM] as number) + seen.durationSec * apart;
    own[at + DISPERSION_SEC] = keep * (own[at + DISPERSION_SEC] as number) + seen.durationSec;
  }

  /** Where the sums of a class begin. */
  #classAt(index: number): number {
    return this.#firstClass + CLASSES.stride * index;
  }

  #points(): LatencyPoint[] {
    const points: LatencyPoint[] = [];
    for (let index = 0; index < LOADS; index++) {
      const point = this.#pointAt(index);
      if (point !== null) points.push(point);
    }
    return points;
  }

  /**
   * The mean of a load's class and of the one that is next on its side, which
   * counts the less the further its own mean load is away.
   */
  #ofTwoClasses(loadRps: number): number | null {
    const index = classOf(loadRps);
    const next = positionOf(loadRps) > index ? index + 1 : index - 1;
    const [own, other] = [this.#sumsAt(index), this.#sumsAt(next)];
    if (!(own.answers > 0 && other.answers > 0)) return null;
    const weight = Math.max(0, 1 - Math.abs(Math.log((loadRps * other.answers) / other.rateSum)) / LOG_RATIO);
    if (own.seconds + weight * other.seconds < KNOWN_SEC) return null;
    return (own.logSum + weight * other.logSum) / (own.answers + weight * other.answers);
  }

  /** What a class holds; nothing where there is no such class. */
  #sumsAt(index: number): ClassSums {
    if (index < 0 || index >= LOADS) return NO_SUMS;
    const sums = this.#classes;
    const at = this.#classAt(index);
    return {
      seconds: sums[at + SECONDS] as number,
      answers: sums[at + ANSWERS] as number,
      logSum: sums[at + LOG_SUM] as number,
      rateSum: sums[at + RATE_SUM] as number,
    };
  }

  #pointAt(index: number): LatencyPoint | null {
    if (!this.#isKnown(index)) return null;
    return { loadRps: this.#meanAt(index, RATE_SUM), meanLog: this.#meanAt(index, LOG_SUM) };
  }

  #isKnown(index: number): boolean {
    const at = this.#classAt(index);
    return (this.#classes[at + SECONDS] as number) >= KNOWN_SEC && (this.#classes[at + ANSWERS] as number) > 0;
  }

  /** A sum of a known class over its answers. */
  #meanAt(index: number, field: number): number {
    const at = this.#classAt(index);
    return (this.#classes[at + field] as number) / (this.#classes[at + ANSWERS] as number);
  }
}

interface ClassSums {
  readonly seconds: number;
  readonly answers: number;
  readonly logSum: number;
  readonly rateSum: number;
}

const NO_SUMS: ClassSums = { seconds: 0, answers: 0, logSum: 0, rateSum: 0 };

/** Answers, Σ ln(latency in ms), Σ ln². */
export interface LogSums {
  readonly answers: number;
  readonly logSum: number;
  readonly logSquares: number;
}

export interface WindowLogSums extends LogSums {
  /** Length of the window. */
  readonly durationSec: number;
}

/** s²: variance of ln(latency); 0 without answers. */
export const varianceLog = ({ answers, logSum, logSquares }: LogSums): number =>
  answers > 0 ? Math.max(0, logSquares / answers - (logSum / answers) ** 2) : 0;

export interface LatencyPoint {
  readonly loadRps: number;
  /** Mean ln(latency in ms). */
  readonly meanLog: number;
}

/** Latency by load as it was learned; never falls as load grows. */
export interface LatencyCurve {
  /** Loads between which it was learned, calls per second. */
  readonly lowestRps: number;
  readonly highestRps: number;
  /** Geometric mean to expect at a load. */
  readonly latencyMs: (loadRps: number) => number;
}

const LOG_RATIO = Math.log(LOAD_RATIO);

const positionOf = (loadRps: number): number => Math.log(loadRps / LOWEST_RPS) / LOG_RATIO;

const classOf = (loadRps: number): number => Math.max(0, Math.min(LOADS - 1, Math.round(positionOf(loadRps))));

/**
 * c0, c1, c2 ≥ 0 of latency = c0 + c1·x + c2·x² by least squares of the relative
 * error. Of all choices of terms that may be left out, the best one whose
 * coefficients are not negative; `null` if there is none.
 */
export function risingCurve(points: readonly LatencyPoint[]): readonly [number, number, number] | null {
  const scale = Math.max(...points.map(({ loadRps }) => loadRps));
  // Relative error: each row is divided by the latency, so that the right side is 1.
  const rows = points.map(({ loadRps, meanLog }) => {
    const x = loadRps / scale;
    const weight = Math.exp(-meanLog);
    return [weight, weight * x, weight * x * x];
  });
  let best: { readonly error: number; readonly terms: readonly number[] } | null = null;
  for (const used of TERM_CHOICES) {
    const terms = leastSquares(rows, used);
    if (terms === null || terms.some((term) => !(term >= 0))) continue;
    const error = rows.reduce((sum, row) => sum + (1 - dot(row, terms)) ** 2, 0);
    if (best === null || error < best.error) best = { error, terms };
  }
  if (best === null) return null;
  const [c0 = 0, c1 = 0, c2 = 0] = best.terms;
  return c0 + c1 + c2 > 0 ? [c0, c1 / scale, c2 / scale ** 2] : null;
}

const TERM_CHOICES: readonly (readonly number[])[] = [[0, 1, 2], [0, 1], [0, 2], [1, 2], [0], [1], [2]];

/** Normal equations of the used columns, by elimination; 0 for the others. `null` where they do not determine one answer. */
function leastSquares(rows: readonly (readonly number[])[], used: readonly number[]): number[] | null {
  const system = used.map((i) => [
    ...used.map((j) => rows.reduce((sum, row) => sum + at(row, i) * at(row, j), 0)),
    rows.reduce((sum, row) => sum + at(row, i), 0),
  ]);
  for (let pivot = 0; pivot < used.length; pivot++) {
    const pivotRow = at(system, pivot);
    const divisor = at(pivotRow, pivot);
    if (!(Math.abs(divisor) > 1e-12)) return null;
    for (let i = 0; i < used.length; i++) {
      const row = at(system, i);
      if (i === pivot) continue;
      const factor = at(row, pivot) / divisor;
      for (let j = pivot; j <= used.length; j++) row[j] = at(row, j) - factor * at(pivotRow, j);
    }
  }
  const terms = [0, 0, 0];
  used.forEach((term, i) => {
    const row = at(system, i);
    terms[term] = at(row, used.length) / at(row, i);
  });
  return terms;
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + value * at(b, i), 0);
