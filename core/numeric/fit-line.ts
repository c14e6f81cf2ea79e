import { at } from '../at.ts';
import { mean, sum } from './statistics.ts';

export interface Line {
  readonly slope: number;
  readonly intercept: number;
  /** 1 − Σ residual² / Σ dy²; 1 where y is constant. */
  readonly rSquared: number;
  /** Largest |residual|, in units of y. */
  readonly residualMax: number;
}

/** Least squares through points of which at least two differ in x. */
export function fitLine(x: readonly number[], y: readonly number[]): Line {
  const [meanX, meanY] = [mean(x), mean(y)];
  const deviations = x.map((value, i) => [value - meanX, at(y, i) - meanY] as const);
  const slope = sum(deviations.map(([dx, dy]) => dx * dy)) / sum(deviations.map(([dx]) => dx * dx));
  const residuals = deviations.map(([dx, dy]) => dy - slope * dx);
  const spread = sum(deviations.map(([, dy]) => dy * dy));
  return {
    slope,
    intercept: meanY - slope * meanX,
    rSquared: spread === 0 ? 1 : 1 - sum(residuals.map((value) => value * value)) / spread,
    residualMax: residuals.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
  };
}
