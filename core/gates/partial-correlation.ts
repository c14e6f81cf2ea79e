import { inverse, Matrix } from 'ml-matrix';
import { at } from '../at.ts';

/** Added to the diagonal of the correlation matrix, so that it can always be inverted (MATHS §B4). */
const RELATIVE_RIDGE = 1e-9;

/** Series that another one is held against, with the inverse of their correlations. */
export interface Regressors {
  readonly columns: readonly Standardised[];
  /** B = (R + 10⁻⁹·I)⁻¹. */
  readonly inverse: Matrix;
  /** ‖R‖₁·‖B‖₁: no less than the condition of R with its ridge. */
  readonly condition: number;
}

/** A series less its mean, at length 1. */
export interface Standardised {
  readonly unit: Float64Array;
  /** Root of the sum of squared deviations. */
  readonly spread: number;
}

export interface PartialCorrelation {
  /** Correlation of the target with this series, all other series held, in [−1, 1]. */
  readonly r: number;
  /** Change of the target per unit of this series, all others held. */
  readonly slope: number;
}

/** Prepares series of equal length, each of which varies. */
export function regressors(columns: readonly Standardised[]): Regressors {
  if (columns.length === 0) return { columns, inverse: new Matrix(0, 0), condition: 0 };
  const correlation = correlations(columns);
  const precision = inverse(Matrix.add(correlation, Matrix.eye(columns.length).mul(RELATIVE_RIDGE)));
  return { columns, inverse: precision, condition: columnSumMax(correlation) * columnSumMax(precision) };
}

/**
 * Of a target with each of the series, given the others. With P the inverse of
 * the correlation matrix of all of them, r_A = −P_yA/√(P_yy·P_AA) and the slope
 * is −P_yA/P_yy·s_y/s_A (MATHS §B4). P is taken from B block by block: with
 * c = B·r_y and S = 1 − r_y·c, P_yy = 1/S, P_yA = −c_A/S, P_AA = B_AA + c_A²/S;
 * so one inverse serves every target. Free of the units of all series. The
 * target must vary and be as long as the series.
 */
export function partialCorrelations(target: Standardised, given: Regressors): PartialCorrelation[] {
  const direct = given.columns.map((column) => dot(target.unit, column.unit));
  const weights = direct.map((_, a) => direct.reduce((sum, value, b) => sum + given.inverse.get(a, b) * value, 0));
  const explained = direct.reduce((sum, value, a) => sum + value * at(weights, a), 0);
  const unexplained = Math.max(1 + RELATIVE_RIDGE - explained, RELATIVE_RIDGE);
  return weights.map((weight, a) => ({
    r: weight / Math.sqrt(unexplained * given.inverse.get(a, a) + weight * weight),
    slope: (weight * target.spread) / at(given.columns, a).spread,
  }));
}

/** Pearson correlations of series of equal length, each of which varies. */
export const correlationMatrix = (series: readonly (readonly number[])[]): Matrix =>
  correlations(series.map((values) => standardise(values)));

function correlations(columns: readonly Standardised[]): Matrix {
  const matrix = Matrix.eye(columns.length);
  for (let a = 0; a < columns.length; a++) {
    for (let b = 0; b < a; b++) {
      const value = dot(at(columns, a).unit, at(columns, b).unit);
      matrix.set(a, b, value);
      matrix.set(b, a, value);
    }
  }
  return matrix;
}

/** r₁ = Σ z_t·z_(t−1) / Σ z_t² of the centred values; `follows[t]` says whether t−1 is the tick just before t. */
export function lagOneCorrelation({ unit }: Standardised, follows: readonly boolean[]): number {
  let sum = 0;
  for (let t = 1; t < unit.length; t++) {
    if (follows[t] === true) sum += (unit[t] ?? 0) * (unit[t - 1] ?? 0);
  }
  return sum;
}

/** A series that varies, ready to be held against others. */
export function standardise(values: readonly number[]): Standardised {
  const unit = new Float64Array(values);
  let mean = 0;
  for (let i = 0; i < unit.length; i++) mean += unit[i] ?? 0;
  mean /= Math.max(1, unit.length);
  for (let i = 0; i < unit.length; i++) unit[i] = (unit[i] ?? 0) - mean;
  const length = Math.sqrt(dot(unit, unit));
  for (let i = 0; i < unit.length; i++) unit[i] = (unit[i] ?? 0) / length;
  return { unit, spread: length };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function columnSumMax(matrix: Matrix): number {
  const sums = matrix.to2DArray().map((row) => row.reduce((sum, value) => sum + Math.abs(value), 0));
  return Math.max(0, ...sums);
}
