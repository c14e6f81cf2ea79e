import { at } from '../at.ts';
import { fitLine } from '../numeric/fit-line.ts';
import { gradient } from '../numeric/gradient.ts';
import { geometricGrid } from '../numeric/grid.ts';
import { mean, median, quantile, standardDeviation } from '../numeric/statistics.ts';

/** Diffusion times [first, last] between which a plateau is looked for. */
export type Window = readonly [number, number];

/** Scales in 1/[weight]: they miss the spectrum of a graph whose weights are of another size (MATHS §A11). */
export const SCALES = { first: 0.1, last: 200, points: 400 } as const;
/** Plateau window: first scale, share of N²/4π², share of the last scale, least width (MATHS §A5). */
export const WINDOW = { first: 5, share: 0.4, lastShare: 0.6, widthMin: 1 } as const;
const PLATEAU_POINTS_MIN = 3;
const SCALING_POINTS_MIN = 5;

/** 400 diffusion times in [0.1, 200], evenly spaced in ln s (MATHS §A5). */
export const defaultScales = (): number[] => geometricGrid(SCALES.first, SCALES.last, SCALES.points);

/**
 * [5, max(min(0.4·N²/4π², 0.6·s_last), 6)]: above single steps, below the time in which
 * a walk goes round a lattice of side N; independent of C (MATHS §A5).
 */
export function plateauWindow(
  side: number,
  first: number = WINDOW.first,
  share: number = WINDOW.share,
  lastScale: number = SCALES.last,
): Window {
  const limit = Math.min(finiteSizeLimit(side, share), WINDOW.lastShare * lastScale);
  return [first, Math.max(limit, first + WINDOW.widthMin)];
}

/** 0.4·N²/4π²: above it a walk feels that the lattice of side N is finite (MATHS §A5). */
export const finiteSizeLimit = (side: number, share: number = WINDOW.share): number =>
  (share * side * side) / (4 * Math.PI * Math.PI);

/** d_s(s) = −2·d ln P / d ln s by `gradient`, one value a scale (MATHS §A5). Throws a RangeError below two scales. */
export const spectralFlow = (scales: readonly number[], logReturn: readonly number[]): number[] =>
  gradient(scales.map(Math.log), logReturn).map((slope) => -2 * slope);

/** Positions of the scales in a window, or of the middle third where fewer than 3 are in it (MATHS §A5). */
export function plateauPositions(scales: readonly number[], window: Window): number[] {
  const inside = positionsInside(scales, window);
  if (inside.length >= PLATEAU_POINTS_MIN) return inside;
  const third = Math.floor(scales.length / 3);
  return Array.from({ length: Math.floor((2 * scales.length) / 3) - third }, (_, i) => third + i);
}

/** Statistics of d_s over the plateau (MATHS §A5). */
export interface Plateau {
  /** The plateau statistic of lattice sweeps. */
  readonly median: number;
  readonly mean: number;
  readonly deviation: number;
  /** Distance of the quartiles. */
  readonly interquartile: number;
  /** −2 × slope of ln P against ln s: the plateau statistic of graphs that are no product of rings. */
  readonly regression: number;
  readonly points: number;
}

/** d_s on the plateau by median, mean and regression (MATHS §A5); dimensionless. Throws a RangeError below two scales. */
export function plateau(scales: readonly number[], logReturn: readonly number[], window: Window): Plateau {
  const flow = spectralFlow(scales, logReturn);
  const positions = plateauPositions(scales, window);
  const values = positions.map((i) => at(flow, i));
  return {
    median: median(values),
    mean: mean(values),
    deviation: standardDeviation(values),
    interquartile: quantile(values, 0.75) - quantile(values, 0.25),
    regression: -2 * lineThrough(scales, logReturn, positions).slope,
    points: values.length,
  };
}

/** The plateau statistic of lattice sweeps: median of d_s in the window (MATHS §A5). */
export const plateauMedian = (scales: readonly number[], flow: readonly number[], window: Window): number =>
  median(plateauPositions(scales, window).map((i) => at(flow, i)));

/** How well ln P is a line in ln s inside the window. */
export interface Scaling {
  readonly points: number;
  /** `null` below 5 points. */
  readonly line: { readonly slope: number; readonly rSquared: number; readonly residualMax: number } | null;
}

/** Scaling check (MATHS §A5): needs 5 scales in the window itself. */
export function scaling(scales: readonly number[], logReturn: readonly number[], window: Window): Scaling {
  const inside = positionsInside(scales, window);
  const line = inside.length < SCALING_POINTS_MIN ? null : lineThrough(scales, logReturn, inside);
  return { points: inside.length, line };
}

const positionsInside = (scales: readonly number[], [first, last]: Window): number[] =>
  scales.flatMap((scale, i) => (scale >= first && scale <= last ? [i] : []));

const lineThrough = (scales: readonly number[], logReturn: readonly number[], positions: readonly number[]) =>
  fitLine(
    positions.map((i) => Math.log(at(scales, i))),
    positions.map((i) => at(logReturn, i)),
  );
