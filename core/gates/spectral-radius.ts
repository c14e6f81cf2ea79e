import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { at } from '../at.ts';
import { stronglyConnected } from './strongly-connected.ts';

/** A square matrix by rows: column → value, entries of 0 left out. */
export type SparseRows = readonly ReadonlyMap<number, number>[];

/** Largest block that is decomposed exactly; larger ones are iterated. */
const EXACT_SIZE_MAX = 64;
const ITERATIONS_MAX = 200;
const TOLERANCE = 1e-9;

/**
 * Spectral radius of a matrix of non-negative numbers, part by part: for each
 * node that of the block which its strongly connected component makes. Without
 * cycles that is the node's own diagonal entry. The radius of the whole matrix
 * is the largest of them. NaN everywhere if any entry is not a finite number ≥ 0.
 */
export function spectralRadii(rows: SparseRows): number[] {
  const radii = new Array<number>(rows.length).fill(Number.NaN);
  for (const row of rows) {
    for (const value of row.values()) if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) return radii;
  }
  for (const component of stronglyConnected(rows)) {
    const radius = blockRadius(rows, component);
    for (const node of component) radii[node] = radius;
  }
  return radii;
}

function blockRadius(rows: SparseRows, component: readonly number[]): number {
  const [only] = component;
  if (component.length === 1 && only !== undefined) return rows[only]?.get(only) ?? 0;
  const position = new Map(component.map((node, index) => [node, index]));
  const block = component.map((node) => restrict(at(rows, node), position));
  return block.length <= EXACT_SIZE_MAX ? exactRadius(block) : iteratedRadius(block);
}

function restrict(row: ReadonlyMap<number, number>, position: ReadonlyMap<number, number>): Map<number, number> {
  const kept = new Map<number, number>();
  for (const [column, value] of row) {
    const index = position.get(column);
    if (index !== undefined) kept.set(index, value);
  }
  return kept;
}

function exactRadius(block: SparseRows): number {
  const dense = Matrix.zeros(block.length, block.length);
  block.forEach((row, i) => {
    for (const [j, value] of row) dense.set(i, j, value);
  });
  const { realEigenvalues, imaginaryEigenvalues } = new EigenvalueDecomposition(dense);
  return Math.max(...realEigenvalues.map((real, index) => Math.hypot(real, at(imaginaryEigenvalues, index))));
}

/**
 * Power iteration on the block plus half its largest row sum on the diagonal,
 * which makes it primitive. Collatz and Wielandt bound the radius from both
 * sides; the upper bound is the answer, so stopping early errs to the safe side.
 */
function iteratedRadius(block: SparseRows): number {
  const shift = Math.max(...block.map((row) => [...row.values()].reduce((total, value) => total + value, 0))) / 2;
  let vector: number[] = block.map(() => 1);
  let upper = Number.POSITIVE_INFINITY;
  for (let iteration = 0; iteration < ITERATIONS_MAX; iteration++) {
    const image = block.map((row, i) => {
      let total = shift * at(vector, i);
      for (const [j, value] of row) total += value * at(vector, j);
      return total;
    });
    const growth = image.map((value, i) => value / at(vector, i));
    const highest = Math.max(...growth);
    upper = Math.min(upper, highest);
    if (highest - Math.min(...growth) <= TOLERANCE * highest) break;
    const largest = Math.max(...image);
    vector = image.map((value) => value / largest);
  }
  return upper - shift;
}
