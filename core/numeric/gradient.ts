import { at } from '../at.ts';

/**
 * dy/dx on an uneven grid: inside, the second-order three-point formula
 * (h₋²·y₊ + (h₊² − h₋²)·y₀ − h₊²·y₋) / (h₋·h₊·(h₋ + h₊)); at the ends the slope to
 * the only neighbour. Needs two points and x strictly rising or falling; throws a
 * RangeError for fewer, or lists of different length.
 */
export function gradient(x: readonly number[], y: readonly number[]): number[] {
  if (x.length < 2 || x.length !== y.length) {
    throw new RangeError(`x, y: must have equal lengths of 2 or more, got ${x.length} and ${y.length}`);
  }
  const slope = (i: number): number => (at(y, i + 1) - at(y, i)) / (at(x, i + 1) - at(x, i));
  return x.map((_, i) => {
    if (i === 0) return slope(0);
    if (i === x.length - 1) return slope(i - 1);
    const [left, right] = [at(x, i) - at(x, i - 1), at(x, i + 1) - at(x, i)];
    return (
      (-right / (left * (left + right))) * at(y, i - 1) +
      ((right - left) / (left * right)) * at(y, i) +
      (left / (right * (left + right))) * at(y, i + 1)
    );
  });
}
