import { at as itemAt } from '../at.ts';

const STEP = 0.5;
const DIMENSION_MAX = 4;
/** Neighbours closer than this do not cross anything. */
const FLAT = 1e-10;

/** Where a spectral dimension passes a half-integer. */
export interface Crossing {
  readonly dimension: number;
  /** Of the quantity that d_s is a function of, interpolated linearly. */
  readonly at: number;
  /** Neighbouring grid values. */
  readonly bracket: readonly [number, number];
}

/**
 * First crossing, up or down, of each of 0.5, 1, … min(4, D + 0.5) by d_s over a
 * grid (MATHS §A8). Dimensions that are never crossed are left out.
 */
export function dimensionCrossings(grid: readonly number[], flow: readonly number[], dims: number): Crossing[] {
  const targets = Array.from({ length: DIMENSION_MAX / STEP }, (_, i) => STEP * (i + 1));
  return targets.filter((target) => target <= dims + STEP).flatMap((target) => firstCrossing(grid, flow, target));
}

function firstCrossing(grid: readonly number[], flow: readonly number[], dimension: number): Crossing[] {
  for (let i = 0; i + 1 < grid.length; i++) {
    const [left, right] = [itemAt(flow, i), itemAt(flow, i + 1)];
    if (!((left < dimension && dimension <= right) || (right < dimension && dimension <= left))) continue;
    if (Math.abs(right - left) <= FLAT) return [];
    const bracket = [itemAt(grid, i), itemAt(grid, i + 1)] as const;
    const at = bracket[0] + ((dimension - left) * (bracket[1] - bracket[0])) / (right - left);
    return [{ dimension, at, bracket }];
  }
  return [];
}
