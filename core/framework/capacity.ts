import { AXES, type CapacityVector } from '../capacity/capacity-vector.ts';
import { type Problem, throwProblems } from '../problem.ts';

/**
 * Throws one RangeError that names every component of C that is not a finite
 * number in [0, 1]; `null` = axis unconstrained (MATHS §A1). `strict` also asks for
 * at least one axis. Where the reference lets a negative capacity through and so
 * loosens its thresholds (A10 b9), this refuses it in every mode.
 */
export function checkCapacity(capacity: CapacityVector, { strict = false } = {}): void {
  const problems: Problem[] = AXES.flatMap((axis) => {
    const value = capacity[axis];
    if (value === null || (value >= 0 && value <= 1)) return [];
    const message = Number.isFinite(value) ? `must be in [0, 1], got ${value}` : `must be finite, got ${value}`;
    return [{ path: `C_${axis}`, message }];
  });
  if (strict && AXES.every((axis) => capacity[axis] === null)) {
    problems.push({ path: 'At least one capacity axis', message: 'must be set (strict mode)' });
  }
  throwProblems(problems);
}

/** Whether only C_geo is set: the framework's scalar mode (MATHS §A1). */
export const isScalar = (capacity: CapacityVector): boolean =>
  capacity.geo !== null && AXES.every((axis) => axis === 'geo' || capacity[axis] === null);
