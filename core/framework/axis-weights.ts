import type { CapacityVector } from '../capacity/capacity-vector.ts';
import type { SpectralMeasure } from '../substrate/heat-trace.ts';
import { checkCapacity } from './capacity.ts';
import { INT_QUANTILE, modeAtRank, modeCount, quantileRank } from './spectrum-scalars.ts';

/** Keeps the ramp finite where λ_max = λ_th. */
const SPAN_MIN = 1e-12;

export type CombineMode = 'multiply' | 'min' | 'sequential';

/**
 * w_d = clip(C_geo·D − d, 0, 1), d = 0 … D − 1: how much of each axis of a lattice
 * the operator Σ_d w_d·L_d has (MATHS §A3). Dimensionless; axes switch on one
 * after another. Any C is clipped. Throws a RangeError unless D is a whole number ≥ 1 and C is a number.
 */
export function latticeWeights(geo: number, dims: number): number[] {
  if (!Number.isInteger(dims) || dims < 1) throw new RangeError('D: must be positive');
  if (Number.isNaN(geo)) throw new RangeError('C_geo: must be a number, got NaN');
  return Array.from({ length: dims }, (_, d) => Math.min(1, Math.max(0, geo * dims - d)));
}

/**
 * Boost of each mode per unit of C_int: b(λ) = (λ − λ_th)/(λ_max − λ_th + 10⁻¹²) from
 * λ_th = λ_⌊q·n⌋ on, 0 below (MATHS §A3). Dimensionless, in [0, 1).
 */
export function intBoost(spectrum: SpectralMeasure, quantile = INT_QUANTILE): Float64Array {
  const threshold = modeAtRank(spectrum, quantileRank(modeCount(spectrum), quantile));
  const span = (spectrum.values.at(-1) ?? 0) - threshold + SPAN_MIN;
  return spectrum.values.map((value) => (value >= threshold ? (value - threshold) / span : 0));
}

/** w(λ) = 1 + C_int·b(λ), b of `intBoost`: the top 30 % of the modes count up to 1 + C_int times (MATHS §A3). */
export const intWeights = (spectrum: SpectralMeasure, int: number, quantile = INT_QUANTILE): Float64Array =>
  intBoost(spectrum, quantile).map((boost) => 1 + int * boost);

/**
 * Weight of each mode under a whole vector (MATHS §A3). Only C_int weighs modes:
 * C_geo deforms the operator instead (`latticeWeights`), C_gauge, C_ptr and C_obs
 * are identities. `min` holds weights to 1 and so neutralises C_int; `sequential`
 * does nothing. Throws a RangeError as `checkCapacity` does.
 */
export function combinedWeights(
  spectrum: SpectralMeasure,
  capacity: CapacityVector,
  mode: CombineMode = 'multiply',
): Float64Array {
  checkCapacity(capacity);
  const unweighted = new Float64Array(spectrum.values.length).fill(1);
  if (capacity.int === null || mode === 'sequential') return unweighted;
  const weights = intWeights(spectrum, capacity.int);
  return mode === 'min' ? weights.map((weight) => Math.min(1, weight)) : weights;
}
