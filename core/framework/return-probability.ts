import { logHeatTrace } from '../substrate/heat-trace.ts';
import { ringSpectrum } from './lattice-spectrum.ts';

/** Axes with less weight than this do not diffuse. */
const WEIGHT_MIN = 1e-15;

/** ln P1(t), P1(t) = (1/N)·Σ_k exp(−t·λ_k): return to the start of a ring of N after time t ≥ 0, in 1/[weight] (MATHS §A4). */
export function logRingReturn(side: number): (time: number) => number {
  const spectrum = ringSpectrum(side);
  const logSize = Math.log(side);
  return (time) => logHeatTrace(spectrum, time) - logSize;
}

/**
 * Limit of P1 for N → ∞, exp(−2t)·I0(2t) (MATHS §A4). The sum over a ring is the
 * trapezoid rule for the integral of I0, exact up to Bessel functions of order N:
 * a ring of 40 + 16·√t sites leaves less than 10⁻¹⁵ of it.
 */
export const infiniteRingReturn = (time: number): number =>
  Math.exp(logRingReturn(2 * Math.ceil(20 + 8 * Math.sqrt(time)))(time));

/**
 * ln P(s) = Σ_d ln P1(w_d·s) on the torus of side N with axis weights w, without
 * listing its N^D modes (MATHS §A4). Per scale D·N/2 exponentials.
 */
export function latticeLogReturn(side: number, weights: readonly number[]): (scale: number) => number {
  const ring = logRingReturn(side);
  const active = weights.filter((weight) => weight > WEIGHT_MIN);
  return (scale) => active.reduce((total, weight) => total + ring(weight * scale), 0);
}
