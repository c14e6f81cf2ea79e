/**
 * Weighted max-min fair division of `capacity` (CONTRACT §D, `wf`): shares
 * x_i = min(d_i, λ·w_i) with the largest λ for which Σ x ≤ capacity. Nobody gets
 * more than it asks, and who is held back gets at least as much per weight as
 * anybody else.
 *
 * `demands` are finite and ≥ 0, `weights` finite and > 0, both of one length;
 * `capacity` is ≥ 0 in the unit of the demands. O(n log n).
 */
export function waterFill(capacity: number, demands: readonly number[], weights: readonly number[]): number[] {
  const rising = demands
    .map((_, i) => i)
    .sort((a, b) => at(demands, a) * at(weights, b) - at(demands, b) * at(weights, a));
  let left = Math.max(0, capacity);
  let weightLeft = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = new Array<number>(demands.length).fill(0);
  for (const i of rising) {
    const level = weightLeft > 0 ? left / weightLeft : left / at(weights, i);
    const share = Math.min(at(demands, i), level * at(weights, i), left);
    shares[i] = share;
    left -= share;
    weightLeft -= at(weights, i);
  }
  return shares;
}

function at(values: readonly number[], index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError('demands and weights differ in length');
  return value;
}
