import { fitLine } from '../numeric/fit-line.ts';
import { logReturnProbability } from './heat-trace.ts';

/** Fewer nodes have no scaling range. */
const NODES_MIN = 16;
/** The range of diffusion times must span a decade. */
const WINDOW_RATIO_MIN = 10;
const R_SQUARED_MIN = 0.98;
const POINTS = 32;

export interface SpectralDimension {
  /** d_s; `null` where the graph does not scale like a space of any dimension. */
  readonly value: number | null;
  readonly reason: 'no_spectrum' | 'too_large' | 'window_too_short' | 'poor_scaling' | null;
  /** [2/λ_max, 1/λ1]: diffusion times above single hops and below the size of the graph. */
  readonly window: readonly [number, number] | null;
  /** What the line gives whether it is published or not. */
  readonly raw: number | null;
  /** R² of the line through ln P against ln t. */
  readonly rSquared: number | null;
}

const unpublished: SpectralDimension = { value: null, reason: null, window: null, raw: null, rSquared: null };

/**
 * d_s = −2 × slope of ln P(t) against ln t, P(t) = Σ exp(−t·λ)/n, through 32
 * points spaced evenly in ln t over the window. Published only for 16 nodes and
 * more, a window of a decade and R² ≥ 0.98 (MATHS §B3). A diagnostic, never a gate.
 * `eigenvalues` is `null` for a graph too large to have all of them.
 */
export function spectralDimension(eigenvalues: readonly number[] | null, extremes: Bounds | null): SpectralDimension {
  if (extremes === null) return { ...unpublished, reason: 'no_spectrum' };
  const window = [2 / extremes.lambdaMax, 1 / extremes.lambda1] as const;
  if (eigenvalues === null) return { ...unpublished, window, reason: 'too_large' };
  if (eigenvalues.length < NODES_MIN || !(window[1] >= WINDOW_RATIO_MIN * window[0])) {
    return { ...unpublished, window, reason: 'window_too_short' };
  }
  const step = Math.log(window[1] / window[0]) / (POINTS - 1);
  const logTimes = Array.from({ length: POINTS }, (_, i) => Math.log(window[0]) + i * step);
  const logReturn = logReturnProbability(eigenvalues);
  const { slope, rSquared } = fitLine(
    logTimes,
    logTimes.map((logTime) => logReturn(Math.exp(logTime))),
  );
  const raw = -2 * slope;
  return rSquared >= R_SQUARED_MIN
    ? { value: raw, reason: null, window, raw, rSquared }
    : { value: null, reason: 'poor_scaling', window, raw, rSquared };
}

export interface Bounds {
  readonly lambda1: number;
  readonly lambdaMax: number;
}
