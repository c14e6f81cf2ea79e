import { at } from '../at.ts';
import type { SpectralMeasure } from '../substrate/heat-trace.ts';
import { intBoost } from './axis-weights.ts';
import { latticeSpectrum } from './lattice-spectrum.ts';
import { latticeLogReturn } from './return-probability.ts';
import { modeCount } from './spectrum-scalars.ts';

/** What a sweep needs of one lattice operator Σ_d w_d·L_d, whatever C_int is. */
export interface LatticeTrace {
  readonly spectrum: SpectralMeasure;
  /** b(λ) of each level: its boost per unit of C_int. */
  readonly boost: Float64Array;
  /** ln P by diffusion time, all modes counted once. */
  readonly logReturn: readonly number[];
  /** (1/n)·Σ_k b_k·exp(−t·λ_k) by diffusion time: what a unit of C_int adds to P. */
  readonly boosted: readonly number[];
}

/**
 * Spectrum, factorised return probability and boosted tail of a torus of side N
 * with axis weights w (MATHS §A3, §A4), by diffusion times in 1/[weight]. Only the boosted
 * modes, the top 30 %, are summed one level at a time.
 */
export function latticeTrace(side: number, weights: readonly number[], times: readonly number[]): LatticeTrace {
  const spectrum = latticeSpectrum(side, weights);
  const boost = intBoost(spectrum);
  const modes = modeCount(spectrum);
  const first = boost.findIndex((value) => value > 0);
  const tail = first < 0 ? { values: [], shares: [] } : tailOf(spectrum, boost, first, modes);
  const boosted = times.map((time) => {
    let total = 0;
    for (let k = 0; k < tail.values.length; k++) total += at(tail.shares, k) * Math.exp(-time * at(tail.values, k));
    return total;
  });
  return { spectrum, boost, logReturn: times.map(latticeLogReturn(side, weights)), boosted };
}

/** ln P_C = ln P + ln(1 + C_int·boosted/P), by diffusion time: weights 1 + C_int·b(λ) on every mode (MATHS §A3, §A4). */
export const logReturnUnder = ({ logReturn, boosted }: LatticeTrace, int: number): number[] =>
  logReturn.map((value, i) => value + Math.log1p((int * at(boosted, i)) / Math.exp(value)));

const tailOf = ({ values, masses }: SpectralMeasure, boost: Float64Array, first: number, modes: number) => ({
  values: values.subarray(first),
  shares: masses.subarray(first).map((mass, k) => (mass * at(boost, first + k)) / modes),
});
