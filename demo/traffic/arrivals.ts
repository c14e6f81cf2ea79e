import { seededExponential } from '../seeded-exponential.ts';

export const ARRIVALS = ['poisson', 'even'] as const;
export type Arrivals = (typeof ARRIVALS)[number];

/** Gap to the next call, seconds, at `rateRps` > 0 calls a second. */
export type GapSource = (rateRps: number) => number;

/** Independent calls (`poisson`) or a metronome (`even`). */
export function gapSource(arrivals: Arrivals, seed: number): GapSource {
  if (arrivals === 'even') return (rateRps) => 1 / rateRps;
  const exponential = seededExponential(seed);
  return (rateRps) => exponential() / rateRps;
}
