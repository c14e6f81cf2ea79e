import { at } from '../at.ts';
import { sum } from '../numeric/statistics.ts';
import type { SpectralMeasure } from '../substrate/heat-trace.ts';

/** Share of the modes below λ_int, which is also the threshold of C_int. */
export const INT_QUANTILE = 0.7;

/** Named eigenvalues of a spectrum, in units of the edge weight (MATHS §A2). */
export interface SpectrumScalars {
  /** λ_1, the second smallest: 0 where the graph is disconnected or has one node. */
  readonly lambda1: number;
  /** λ_{n−1}. */
  readonly lambdaMax: number;
  /** λ_⌊0.7·n⌋, by index and not interpolated. */
  readonly lambdaInt: number;
  /** λ_int − λ_1. */
  readonly deltaLambda: number;
}

/** n: modes of a spectrum whose masses are multiplicities. */
export const modeCount = ({ masses }: SpectralMeasure): number => sum(masses);

/** The eigenvalue at a rank from 0, of a spectrum in ascending order whose masses are multiplicities; NaN past its end. */
export function modeAtRank({ values, masses }: SpectralMeasure, rank: number): number {
  let below = 0;
  for (let k = 0; k < values.length; k++) {
    below += at(masses, k);
    if (rank < below) return at(values, k);
  }
  return Number.NaN;
}

/** min(⌊q·n⌋, n − 1). */
export const quantileRank = (modes: number, quantile: number): number =>
  Math.min(Math.floor(quantile * modes), modes - 1);

/** λ1, λ_max, λ_int and their gap (MATHS §A2); `null` of an empty spectrum. */
export function spectrumScalars(spectrum: SpectralMeasure): SpectrumScalars | null {
  const modes = modeCount(spectrum);
  if (modes === 0) return null;
  const lambda1 = modes > 1 ? modeAtRank(spectrum, 1) : 0;
  const lambdaInt = modeAtRank(spectrum, quantileRank(modes, INT_QUANTILE));
  return { lambda1, lambdaMax: spectrum.values.at(-1) ?? 0, lambdaInt, deltaLambda: lambdaInt - lambda1 };
}
