import { seededRandom } from '../core/simulation/seeded-random.ts';

/** Exponentially distributed numbers with mean 1. */
export function seededExponential(seed: number): () => number {
  const uniform = seededRandom(seed);
  return () => -Math.log(1 - uniform());
}
