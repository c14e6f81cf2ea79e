import { inverse, Matrix } from 'ml-matrix';
import { at } from '../at.ts';

/** Added to the diagonal of the correlation matrix, so that it can always be inverted (MATHS §B4). */
const RELATIVE_RIDGE = 1e-9;

/** Numbers of one tick after the other. */
export type Series = ArrayLike<number>;

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
  const norm = columnSumMax(correlation);
  for (let a = 0; a < columns.length; a++) correlation.set(a, a, correlation.get(a, a) + RELATIVE_RIDGE);
  const precision = inverse(correlation);
  return { columns, inverse: precision, condition: norm * columnSumMax(precision) };
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
  const { columns, inverse: precision } = given;
  const size = columns.length;
  const direct = new Float64Array(size);
  for (let a = 0; a < size; a++) direct[a] = dot(target.unit, at(columns, a).unit);
  const weights = new Float64Array(size);
  let explained = 0;
  for (let a = 0; a < size; a++) {
    let weight = 0;
    for (let b = 0; b < size; b++) weight += precision.get(a, b) * (direct[b] as number);
    weights[a] = weight;
    explained += (direct[a] as number) * weight;
  }
  const unexplained = Math.max(1 + RELATIVE_RIDGE - explained, RELATIVE_RIDGE);
  return columns.map(({ spread }, a) => {
    const weight = weights[a] as number;
    return {
      r: weight / Math.sqrt(unexplained * precision.get(a, a) + weight * weight),
      slope: (weight * target.spread) / spread,
    };
  });
}

/** Pearson correlations of series of equal length, each of which varies. */
export const correlationMatrix = (series: readonly Series[]): Matrix =>
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
export function standardise(values: Series): Standardised {
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
  let largest = 0;
  for (let column = 0; column < matrix.columns; column++) {
    let sum = 0;
    for (let row = 0; row < matrix.rows; row++) sum += Math.abs(matrix.get(row, column));
    largest = Math.max(largest, sum);
  }
  return largest;
}
