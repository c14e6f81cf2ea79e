import { at } from '../at.ts';

/**
 * Weighted max-min fair division of `capacity` (CONTRACT §D, `wf`): shares
 * x_i = min(d_i, λ·w_i) with the largest λ for which Σ x ≤ capacity. Nobody gets
 * more than it asks, and who is held back gets at least as much per weight as
 * anybody else.
 *
 * `demands` are finite and ≥ 0, `weights` finite and > 0, both of one length;
 * `capacity` is ≥ 0 in the unit of the demands. Throws a RangeError for lists of
 * different length. O(n log n).
 */
export function waterFill(capacity: number, demands: readonly number[], weights: readonly number[]): number[] {
  if (demands.length !== weights.length) throw new RangeError('demands and weights differ in length');
  let asked = 0;
  for (const demand of demands) asked += demand;
  if (asked <= capacity) return [...demands];
  const levels = demands.map((demand, i) => demand / at(weights, i));
  const rising = demands.map((_, i) => i).sort((a, b) => at(levels, a) - at(levels, b));
  const weightFrom = weightsFrom(rising, weights);
  const shares = new Array<number>(demands.length).fill(0);
  let left = Math.max(0, capacity);
  for (let position = 0; position < rising.length; position += 1) {
    const i = at(rising, position);
    const byWeight = (left * at(weights, i)) / at(weightFrom, position);
    const share = Math.min(at(demands, i), byWeight, left);
    shares[i] = share;
    left -= share;
  }
  return shares;
}

/** For each position of `order` the weights from there to the end, summed from the end so that nothing cancels. */
function weightsFrom(order: readonly number[], weights: readonly number[]): number[] {
  const sums = new Array<number>(order.length).fill(0);
  let sum = 0;
  for (let position = order.length - 1; position >= 0; position -= 1) {
    sum += at(weights, at(order, position));
    sums[position] = sum;
  }
  return sums;
}
