import { at } from '../at.ts';
import { eigenvectorOf, extremeEigenvalues, type Tridiagonal } from './tridiagonal.ts';

/** Residual ‖A·v − λ·v‖ at which an eigenvalue counts as found; its own error is no larger (Weyl). */
const RESIDUAL_MAX = 1e-7;
const STEPS_MAX = 1000;
const STEPS_BETWEEN_CHECKS = 10;
/** A new direction shorter than this is rounding: the space is exhausted. */
const EXHAUSTED = 1e-12;

export interface Extremes {
  readonly smallest: number;
  readonly largest: number;
  /** Unit eigenvector of the smallest. */
  readonly vector: Float64Array;
  /** Larger of both residuals: bounds the error of each eigenvalue. */
  readonly residual: number;
  /** Whether the residual is below 1e-7. */
  readonly converged: boolean;
}

/**
 * Smallest and largest eigenvalue of a symmetric operator on the space
 * orthogonal to `deflated` (orthonormal), by Lanczos iteration with full
 * reorthogonalisation. Costs steps·size numbers of memory and steps²·size
 * multiplications. `null` where nothing is left of the space.
 */
export function lanczosExtremes(
  apply: (vector: Float64Array) => Float64Array,
  size: number,
  deflated: readonly Float64Array[],
): Extremes | null {
  const basis: Float64Array[] = [];
  const diagonal: number[] = [];
  const off: number[] = [];
  const remove = (vector: Float64Array) => {
    for (let pass = 0; pass < 2; pass++) for (const other of [...deflated, ...basis]) subtractProjection(vector, other);
    return length(vector);
  };
  const start = startVector(size);
  if (size - deflated.length < 1) return null;
  let next = scaled(start, 1 / remove(start));
  const stepsMax = Math.min(STEPS_MAX, size - deflated.length);
  for (let step = 1; ; step++) {
    basis.push(next);
    const image = apply(next);
    diagonal.push(dot(image, next));
    const growth = remove(image);
    const last = step === stepsMax || growth < EXHAUSTED;
    if (last || step % STEPS_BETWEEN_CHECKS === 0) {
      const found = ritz({ diagonal, off }, size - deflated.length === step ? 0 : growth);
      if (last || found.residual <= RESIDUAL_MAX) {
        const { smallest, largest, residual, coordinates } = found;
        return {
          smallest,
          largest,
          residual,
          vector: combined(basis, coordinates),
          converged: residual <= RESIDUAL_MAX,
        };
      }
    }
    off.push(growth);
    next = scaled(image, 1 / growth);
  }
}

/** Extreme eigenvalues of the projected operator; β_m·|s_m| is the residual of each. */
function ritz(projected: Tridiagonal, growth: number) {
  const { smallest, largest } = extremeEigenvalues(projected);
  const coordinates = eigenvectorOf(projected, smallest);
  const ends = [coordinates.at(-1) ?? 0, eigenvectorOf(projected, largest).at(-1) ?? 0];
  return { smallest, largest, coordinates, residual: growth * Math.max(...ends.map(Math.abs)) };
}

/** Fixed numbers of no pattern (mulberry32), so that equal graphs give equal answers. */
function startVector(size: number): Float64Array {
  let state = 1;
  return Float64Array.from({ length: size }, () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 - 0.5;
  });
}

/** Takes out of a vector, in place, what it has of a unit vector. */
export function subtractProjection(vector: Float64Array, unit: Float64Array): void {
  const share = dot(vector, unit);
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] ?? 0) - share * (unit[i] ?? 0);
}

function combined(basis: readonly Float64Array[], coordinates: Float64Array): Float64Array {
  const sum = new Float64Array(basis[0]?.length ?? 0);
  basis.forEach((vector, index) => {
    const share = at(coordinates, index);
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + share * (vector[i] ?? 0);
  });
  return sum;
}

/** Σ aᵢ·bᵢ of vectors of one length. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** Euclidean length. */
export const length = (vector: Float64Array): number => Math.sqrt(dot(vector, vector));

/** The vector times a factor, as a new one. */
export const scaled = (vector: Float64Array, factor: number): Float64Array => vector.map((value) => value * factor);
