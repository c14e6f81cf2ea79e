import { inverse, Matrix } from 'ml-matrix';

/** Added to the diagonal of the correlation matrix, so that it can always be inverted (MATHS §B4). */
const RELATIVE_RIDGE = 1e-9;

export interface PartialCorrelation {
  /** Correlation with the first series, all other series held, in [−1, 1]. */
  readonly r: number;
  /** Change of the first series per unit of this one, all others held. */
  readonly slope: number;
}

/**
 * Of the first series with each of the others, given the rest: with P the
 * inverse of the correlation matrix, r_j = −P_0j/√(P_00·P_jj) and the slope is
 * −P_0j/P_00 · s_0/s_j. Free of the series' units. Every series must vary and
 * be as long as the first.
 */
export function partialCorrelations(series: readonly (readonly number[])[]): PartialCorrelation[] {
  const deviations = series.map(spread);
  const correlation = correlationMatrix(series);
  const precision = inverse(correlation.add(Matrix.eye(series.length).mul(RELATIVE_RIDGE)));
  return series.slice(1).map((_, index) => {
    const j = index + 1;
    const shared = -precision.get(0, j);
    return {
      r: clamp(shared / Math.sqrt(precision.get(0, 0) * precision.get(j, j)), -1, 1),
      slope: ((shared / precision.get(0, 0)) * (deviations[0] ?? 0)) / (deviations[j] ?? 0),
    };
  });
}

/** Pearson correlations of series of equal length. */
export function correlationMatrix(series: readonly (readonly number[])[]): Matrix {
  const unit = series.map((values) => {
    const centred = centre(values);
    const length = norm(centred);
    return centred.map((value) => value / length);
  });
  const rows = new Matrix(unit);
  return rows.mmul(rows.transpose());
}

/** r₁ = Σ z_t·z_(t−1) / Σ z_t² of the centred values; `follows[t]` says whether t−1 is the tick just before t. */
export function lagOneCorrelation(values: readonly number[], follows: readonly boolean[]): number {
  const centred = centre(values);
  const product = centred.reduce((sum, z, t) => (follows[t] === true ? sum + z * (centred[t - 1] ?? 0) : sum), 0);
  return product / centred.reduce((sum, z) => sum + z * z, 0);
}

/** Root of the sum of squared deviations from the mean. */
export const spread = (values: readonly number[]): number => norm(centre(values));

const norm = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

function centre(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}

export const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
