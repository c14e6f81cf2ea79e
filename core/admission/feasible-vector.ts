import { AXES, type Axis, type CapacityVector } from '../capacity/capacity-vector.ts';
import { mapAxes } from '../capacity/live-capacity.ts';
import { lastAdmitted } from './last-admitted.ts';

/** A vector that is admitted, and the axes that had to be made smaller for it. */
export interface FeasibleVector {
  readonly vector: CapacityVector;
  readonly bindingAxes: readonly Axis[];
}

/** Axes that move a predicted gate, tried alone before together: load by int, thresholds by geo. */
const DRIVING_AXES: readonly (readonly Axis[])[] = [['int'], ['geo'], ['int', 'geo']];
/** Factors are looked for in steps of 2⁻²⁰. */
const STEPS = 2 ** 20;
const DIGITS = 1e6;

/**
 * The largest scaling of `start`, on as few axes as will do, that is admitted
 * (MATHS §B7); all 0 where none is. Within 10⁻⁶ of each component, on the safe side.
 *
 * @param startExcess excess of `start`
 * @param excess by how much a vector is above what is admitted: 0 or less is admitted, Infinity where
 *   that cannot be said. Never falls as a component grows
 */
export function feasibleVector(
  start: CapacityVector,
  startExcess: number,
  excess: (vector: CapacityVector) => number,
): FeasibleVector {
  if (startExcess <= 0) return { vector: start, bindingAxes: [] };
  for (const axes of DRIVING_AXES) {
    const least = excess(scaled(start, axes, 0));
    if (!(least <= 0)) continue;
    const step = lastAdmitted({ step: 0, excess: least }, { step: STEPS, excess: startExcess }, (each) =>
      excess(scaled(start, axes, each / STEPS)),
    );
    return { vector: scaled(start, axes, step / STEPS), bindingAxes: axes };
  }
  return { vector: nothingOf(start), bindingAxes: [] };
}

/** The vector that is left where nothing is admitted. */
export const nothingOf = (start: CapacityVector): CapacityVector => scaled(start, AXES, 0);

/** No component above `shareMax`; a null counts 1. */
export const withinShare = (vector: CapacityVector, shareMax: number): CapacityVector =>
  mapAxes((axis) => Math.min(shareMax, vector[axis] ?? 1));

const scaled = (vector: CapacityVector, axes: readonly Axis[], factor: number): CapacityVector =>
  mapAxes((axis) => {
    const value = vector[axis];
    return axes.includes(axis) ? Math.floor(DIGITS * factor * (value ?? 1)) / DIGITS : value;
  });
