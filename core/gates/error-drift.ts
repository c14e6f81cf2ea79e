import { isAmount, isLevel } from './usable-number.ts';

/** b: an error rate this far above the baseline falsifies the model (MATHS §B1). */
export const ERROR_RATE_LIMIT = 0.01;

export interface ErrorDriftInput {
  readonly attempts: number;
  readonly failures: number;
  /** q: error rate learned while the service was well. */
  readonly baselineRatio: number;
  /** Standard errors granted to chance. */
  readonly z: number;
}

/**
 * Error part of the fit gate: u_err = max(0, f/n − q − z·√(q(1−q)/n)) / 0.01
 * (MATHS §B1). 0 without attempts; NaN where an input is no count or no share.
 */
export function errorDrift({ attempts, failures, baselineRatio: q, z }: ErrorDriftInput): number {
  if (!(isAmount(attempts) && isAmount(failures) && isAmount(z) && isLevel(q))) return Number.NaN;
  if (attempts === 0) return 0;
  const chance = z * Math.sqrt((q * (1 - q)) / attempts);
  return Math.max(0, failures / attempts - q - chance) / ERROR_RATE_LIMIT;
}
