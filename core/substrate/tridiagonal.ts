import { at } from '../at.ts';

/** A symmetric tridiagonal matrix: `off[i]` couples i and i + 1. */
export interface Tridiagonal {
  readonly diagonal: readonly number[];
  readonly off: readonly number[];
}

/** Halvings of the interval: takes a double to its last bit. */
const BISECTIONS = 64;

/**
 * Smallest and largest eigenvalue by bisection on Sturm counts.
 *
 * @param bisections halvings of the interval that holds all eigenvalues; takes them to rounding if not given
 */
export function extremeEigenvalues(
  matrix: Tridiagonal,
  bisections = BISECTIONS,
): { readonly smallest: number; readonly largest: number } {
  const size = matrix.diagonal.length;
  const radii = matrix.diagonal.map((_, i) => Math.abs(matrix.off[i - 1] ?? 0) + Math.abs(matrix.off[i] ?? 0));
  const low = Math.min(...matrix.diagonal.map((value, i) => value - (radii[i] ?? 0)));
  const high = Math.max(...matrix.diagonal.map((value, i) => value + (radii[i] ?? 0)));
  return { smallest: bisect(matrix, 1, low, high, bisections), largest: bisect(matrix, size, low, high, bisections) };
}

/** Least x with at least `rank` eigenvalues below it. */
function bisect(matrix: Tridiagonal, rank: number, low: number, high: number, bisections: number): number {
  let [below, above] = [low, high];
  for (let step = 0; step < bisections; step++) {
    const middle = (below + above) / 2;
    if (middle <= below || middle >= above) break;
    if (countBelow(matrix, middle) >= rank) above = middle;
    else below = middle;
  }
  return (below + above) / 2;
}

/** Number of eigenvalues below x: negative pivots of T − x (Sylvester's law of inertia). */
function countBelow({ diagonal, off }: Tridiagonal, x: number): number {
  let count = 0;
  let pivot = 1;
  let coupling = 0;
  for (let i = 0; i < diagonal.length; i++) {
    pivot = (diagonal[i] ?? 0) - x - (coupling * coupling) / pivot;
    if (pivot === 0) pivot = -Number.EPSILON * (Math.abs(coupling) + Number.EPSILON);
    if (pivot < 0) count++;
    coupling = off[i] ?? 0;
  }
  return count;
}

/** Unit eigenvector of the smallest or the largest eigenvalue, as `extremeEigenvalues` gives it, by inverse iteration. */
export function eigenvectorOf(matrix: Tridiagonal, eigenvalue: number): Float64Array {
  let vector: Float64Array = startVector(matrix.diagonal.length);
  for (let iteration = 0; iteration < 3; iteration++) {
    vector = normalised(solveShifted(matrix, eigenvalue, vector));
  }
  return vector;
}

/** Has a part of every eigenvector: no symmetry of the matrix is also one of these numbers. */
const startVector = (size: number): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => 1 + ((i * 0.6180339887498949) % 1));

/**
 * Solves (T − x)·v = b by elimination; a pivot of 0 counts as a tiny one. At an
 * extreme eigenvalue T − x is semidefinite, so that no rows need exchanging.
 */
function solveShifted({ diagonal, off }: Tridiagonal, x: number, right: Float64Array): Float64Array {
  const pivots = Float64Array.from(diagonal, (value) => value - x);
  const solution = Float64Array.from(right);
  for (let i = 1; i < pivots.length; i++) {
    const coupling = at(off, i - 1);
    const factor = coupling / nonzero(at(pivots, i - 1));
    pivots[i] = at(pivots, i) - factor * coupling;
    solution[i] = at(solution, i) - factor * at(solution, i - 1);
  }
  for (let i = pivots.length - 1; i >= 0; i--) {
    solution[i] = ((solution[i] ?? 0) - (off[i] ?? 0) * (solution[i + 1] ?? 0)) / nonzero(pivots[i] ?? 0);
  }
  return solution;
}

const nonzero = (pivot: number): number => (Math.abs(pivot) < 1e-18 ? 1e-18 : pivot);

function normalised(vector: Float64Array): Float64Array {
  const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const scaled = vector.map((value) => value / largest);
  const length = Math.sqrt(scaled.reduce((sum, value) => sum + value * value, 0));
  return scaled.map((value) => value / length);
}
