import { AXES, type Axis, type CapacityVector } from '../capacity/capacity-vector.ts';
import { mapAxes } from '../capacity/live-capacity.ts';

/** A vector that is admitted, and the axes that had to be made smaller for it. */
export interface FeasibleVector {
  readonly vector: CapacityVector;
  readonly bindingAxes: readonly Axis[];
}

/** Axes that move a predicted gate, tried alone before together: load by int, thresholds by geo. */
const DRIVING_AXES: readonly (readonly Axis[])[] = [['int'], ['geo'], ['int', 'geo']];
const HALVINGS = 20;
const DIGITS = 1e6;

/**
 * The largest scaling of `start`, on as few axes as will do, that is admitted
 * (MATHS §B7); all 0 where none is. Needs `isAdmitted` to be monotone. Within
 * 10⁻⁶ of each component, on the safe side.
 */
export function feasibleVector(start: CapacityVector, isAdmitted: (vector: CapacityVector) => boolean): FeasibleVector {
  if (isAdmitted(start)) return { vector: start, bindingAxes: [] };
  const axes = DRIVING_AXES.find((each) => isAdmitted(scaled(start, each, 0)));
  if (axes === undefined) return { vector: scaled(start, AXES, 0), bindingAxes: [] };
  let [low, high] = [0, 1];
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (isAdmitted(scaled(start, axes, middle))) low = middle;
    else high = middle;
  }
  return { vector: scaled(start, axes, low), bindingAxes: axes };
}

/** No component above `shareMax`; a null counts 1. */
export const withinShare = (vector: CapacityVector, shareMax: number): CapacityVector =>
  mapAxes((axis) => Math.min(shareMax, vector[axis] ?? 1));

const scaled = (vector: CapacityVector, axes: readonly Axis[], factor: number): CapacityVector =>
  mapAxes((axis) => {
    const value = vector[axis];
    return axes.includes(axis) ? Math.floor(DIGITS * factor * (value ?? 1)) / DIGITS : value;
  });
