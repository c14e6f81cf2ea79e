import { at } from '../at.ts';

/** A spectrum as a measure on the line: λ_k and how much each of them counts (multiplicity, or multiplicity × weight). */
export interface SpectralMeasure {
  /** λ_k ≥ 0. */
  readonly values: Float64Array;
  /** m_k ≥ 0. */
  readonly masses: Float64Array;
}

/** Every eigenvalue counts once. */
export const plainSpectrum = (eigenvalues: ArrayLike<number>): SpectralMeasure => ({
  values: Float64Array.from(eigenvalues),
  masses: new Float64Array(eigenvalues.length).fill(1),
});

/** ln Σ_k m_k·exp(−t·λ_k), with the largest factor taken out of the sum so that it cannot underflow; −∞ without mass. */
export function logHeatTrace({ values, masses }: SpectralMeasure, time: number): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (let k = 0; k < values.length; k++) {
    const value = at(values, k);
    if (at(masses, k) > 0 && value < lowest) lowest = value;
  }
  if (lowest === Number.POSITIVE_INFINITY) return Number.NEGATIVE_INFINITY;
  let total = 0;
  for (let k = 0; k < values.length; k++) {
    const mass = at(masses, k);
    if (mass > 0) total += mass * Math.exp(-time * (at(values, k) - lowest));
  }
  return Math.log(total) - time * lowest;
}

/** ln P(t), P(t) = (1/n)·Σ_k exp(−t·λ_k): the chance that a walk of length t is back where it began. */
export function logReturnProbability(eigenvalues: ArrayLike<number>): (time: number) => number {
  const spectrum = plainSpectrum(eigenvalues);
  const logSize = Math.log(eigenvalues.length);
  return (time) => logHeatTrace(spectrum, time) - logSize;
}
