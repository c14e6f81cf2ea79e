import type { Operator } from './normalised-laplacian.ts';
import { eigenvectorOf, extremeEigenvalues, type Tridiagonal } from './tridiagonal.ts';

/** Residual ‖A·v − λ·v‖ at which an eigenvalue counts as found; its own error is no larger (Weyl), and mostly its square. */
const RESIDUAL_MAX = 1e-6;
const STEPS_MAX = 1000;
/** Steps of the iteration that does not keep its directions orthogonal to each other. */
const QUICK_STEPS_MAX = 300;
/** Steps after which it is first asked whether the residuals are small enough, and least steps until it is asked again. */
const FIRST_CHECK = 10;
const CHECK_STEPS_MIN = 5;
/** Halvings after which an eigenvalue is known well enough to find its vector; A tells the rest. */
const ROUGH_BISECTIONS = 32;
/** A new direction shorter than this is rounding: the space is exhausted. */
const EXHAUSTED = 1e-12;

export interface Extremes {
  readonly smallest: number;
  readonly largest: number;
  /** Unit eigenvector of the smallest. */
  readonly vector: Float64Array;
  /** Larger of both residuals: bounds the error of each eigenvalue. */
  readonly residual: number;
  /** Whether the residual is at most 1e-6. */
  readonly converged: boolean;
}

/**
 * Smallest and largest eigenvalue of a symmetric operator on the space
 * orthogonal to `deflated` (orthonormal), by Lanczos iteration (Paige 1972;
 * Golub & Van Loan §10.1). `null` where nothing is left of the space.
 *
 * First without reorthogonalisation: the extremes come out right all the same,
 * rounding merely finds them more than once. That answer stands if A itself
 * confirms both residuals. Where it does not, or the gap is too small for 300
 * steps, again with full reorthogonalisation: steps·size numbers of memory and
 * steps²·size multiplications.
 */
export function lanczosExtremes(apply: Operator, size: number, deflated: readonly Float64Array[]): Extremes | null {
  const room = size - deflated.length;
  if (room < 1) return null;
  const quick =
    room > QUICK_STEPS_MAX ? iterate(apply, size, deflated, { steps: QUICK_STEPS_MAX, keeps: false }) : null;
  if (quick?.converged) return quick;
  return iterate(apply, size, deflated, { steps: Math.min(STEPS_MAX, room), keeps: true });
}

interface Course {
  readonly steps: number;
  /** Whether every direction is kept orthogonal to all before it. */
  readonly keeps: boolean;
}

function iterate(apply: Operator, size: number, deflated: readonly Float64Array[], course: Course): Extremes {
  const basis: Float64Array[] = [];
  const diagonal: number[] = [];
  const off: number[] = [];
  const remove = (vector: Float64Array): number => {
    let squares = 0;
    for (let pass = 0; pass < (course.keeps ? 2 : 1); pass++) {
      for (const other of deflated) squares = subtract(vector, other, dot(vector, other));
      if (course.keeps) for (const other of basis) squares = subtract(vector, other, dot(vector, other));
    }
    return Math.sqrt(squares);
  };
  let next = startVector(size);
  scale(next, 1 / (deflated.length > 0 ? remove(next) : length(next)));
  let checkAt = FIRST_CHECK;
  for (let step = 1; ; step++) {
    const before = basis.at(-1) ?? next;
    basis.push(next);
    const image = apply(next, new Float64Array(size));
    const share = dot(image, next);
    diagonal.push(share);
    const own = Math.sqrt(subtractBoth(image, next, share, before, off.at(-1) ?? 0));
    const growth = course.keeps || deflated.length > 0 ? remove(image) : own;
    const last = step === course.steps || growth < EXHAUSTED;
    if (last || step === checkAt) {
      const found = ritz({ diagonal, off }, size - deflated.length === step ? 0 : growth);
      if (last || found.residual <= RESIDUAL_MAX) return confirmed(apply, basis, found);
      checkAt = step + nextCheckIn(step, found.residual);
    }
    off.push(growth);
    scale(image, 1 / growth);
    next = image;
  }
}

/** Steps until it is worth looking again, if the residual goes on falling as it did on average: half of them. */
function nextCheckIn(step: number, residual: number): number {
  const decades = Math.log10(1 / Math.min(0.1, residual));
  const left = Math.log10(residual / RESIDUAL_MAX);
  return Math.max(CHECK_STEPS_MIN, Math.min(step, Math.ceil((0.5 * step * left) / decades)));
}

interface RitzPairs {
  /** Eigenvectors of the smallest and the largest eigenvalue, in the basis. */
  readonly smallestIn: Float64Array;
  readonly largestIn: Float64Array;
  readonly residual: number;
}

/** Extreme eigenvectors of the projected operator; β_m·|s_m| is the residual of each. */
function ritz(projected: Tridiagonal, growth: number): RitzPairs {
  const { smallest, largest } = extremeEigenvalues(projected, ROUGH_BISECTIONS);
  const [smallestIn, largestIn] = [eigenvectorOf(projected, smallest), eigenvectorOf(projected, largest)];
  const ends = [smallestIn.at(-1) ?? 0, largestIn.at(-1) ?? 0];
  return { smallestIn, largestIn, residual: growth * Math.max(...ends.map(Math.abs)) };
}

/** A itself is asked for the eigenvalues, v·A·v, and for the residuals: what was found may have lost its orthogonality. */
function confirmed(apply: Operator, basis: readonly Float64Array[], found: RitzPairs): Extremes {
  const smallest = eigenpair(apply, combined(basis, found.smallestIn));
  const largest = eigenpair(apply, combined(basis, found.largestIn));
  const residual = Math.max(smallest.residual, largest.residual);
  return {
    smallest: smallest.eigenvalue,
    largest: largest.eigenvalue,
    vector: smallest.vector,
    residual,
    converged: residual <= RESIDUAL_MAX,
  };
}

function eigenpair(apply: Operator, vector: Float64Array) {
  const image = apply(vector, new Float64Array(vector.length));
  const eigenvalue = dot(vector, image);
  return { eigenvalue, vector, residual: Math.sqrt(subtract(image, vector, eigenvalue)) };
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

/** vector − share·other, in place; its squared length. */
function subtract(vector: Float64Array, other: Float64Array, share: number): number {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) {
    const value = (vector[i] as number) - share * (other[i] as number);
    vector[i] = value;
    squares += value * value;
  }
  return squares;
}

/** Takes out of a vector, in place, what it has of a unit vector. */
export function subtractProjection(vector: Float64Array, unit: Float64Array): void {
  subtract(vector, unit, dot(vector, unit));
}

/** vector − shareA·a − shareB·b, in place; its squared length. */
function subtractBoth(vector: Float64Array, a: Float64Array, shareA: number, b: Float64Array, shareB: number): number {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) {
    const value = (vector[i] as number) - shareA * (a[i] as number) - shareB * (b[i] as number);
    vector[i] = value;
    squares += value * value;
  }
  return squares;
}

/** Σ coordinate·direction, at length 1. */
function combined(basis: readonly Float64Array[], coordinates: Float64Array): Float64Array {
  const sum = new Float64Array(basis[0]?.length ?? 0);
  let squares = 0;
  for (let i = 0; i < basis.length; i++) squares = subtract(sum, basis[i] ?? sum, -(coordinates[i] as number));
  scale(sum, 1 / Math.sqrt(squares));
  return sum;
}

/** Σ aᵢ·bᵢ of vectors of one length. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** Euclidean length. */
export const length = (vector: Float64Array): number => Math.sqrt(dot(vector, vector));

/** The vector times a factor, as a new one. */
export const scaled = (vector: Float64Array, factor: number): Float64Array => vector.map((value) => value * factor);

function scale(vector: Float64Array, factor: number): void {
  for (let i = 0; i < vector.length; i++) vector[i] = factor * (vector[i] as number);
}
