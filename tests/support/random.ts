import { seededRandom as uniformRandom } from '../../core/simulation/seeded-random.ts';

/** Seeded draws for simulated traffic; the same seed gives the same sequence everywhere. */
export interface Random {
  /** In [0, 1). */
  uniform(): number;
  /** Mean 0, standard deviation 1. */
  normal(): number;
  poisson(mean: number): number;
  /** How many of `trials` fall into each cell; `weights` need not add up to 1. */
  multinomial(trials: number, weights: readonly number[]): number[];
}

/** Draws made from the simulation's uniform numbers, enough for some million. */
export function seededRandom(seed: number): Random {
  const uniform = uniformRandom(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const poisson = (mean: number): number => {
    if (mean > 30) {
      const half = mean / 2;
      return poisson(half) + poisson(mean - half);
    }
    let [count, product] = [0, uniform()];
    for (const stop = Math.exp(-mean); product > stop; product *= uniform()) count++;
    return count;
  };
  const multinomial = (trials: number, weights: readonly number[]): number[] => {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const bounds: number[] = [];
    for (const weight of weights) bounds.push((bounds.at(-1) ?? 0) + weight / total);
    const counts = weights.map(() => 0);
    for (let trial = 0; trial < trials; trial++) {
      const draw = uniform();
      const cell = bounds.findIndex((bound) => draw < bound);
      const index = cell === -1 ? counts.length - 1 : cell;
      counts[index] = (counts[index] ?? 0) + 1;
    }
    return counts;
  };
  return { uniform, normal, poisson, multinomial };
}
