import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { mean } from '../numeric/statistics.ts';
import { logHeatTrace } from '../substrate/heat-trace.ts';
import { dot, length, scaled, subtractProjection } from '../substrate/lanczos.ts';
import type { Tridiagonal } from '../substrate/tridiagonal.ts';

/** A new direction shorter than this share of the operator's size is rounding: the space is exhausted. */
const EXHAUSTED = 1e-12;

/** T of a Lanczos iteration and the Gauss quadrature that it is. */
export interface LanczosQuadrature {
  /** α on the diagonal, β beside it. */
  readonly projected: Tridiagonal;
  /** θ_j: eigenvalues of T. */
  readonly nodes: readonly number[];
  /** τ_j², τ_j the first component of the eigenvector of θ_j; they sum to 1. */
  readonly weights: readonly number[];
}

/**
 * Lanczos iteration of a symmetric operator from `start`, with full
 * reorthogonalisation; ends early where the space is exhausted. The quadrature
 * integrates polynomials up to degree 2·steps − 1 exactly:
 * vᵀf(L)v/|v|² ≈ Σ_j τ_j²·f(θ_j) (MATHS §A4). Throws a RangeError on a start of length 0.
 */
export function lanczosQuadrature(
  apply: (vector: Float64Array) => Float64Array,
  start: ArrayLike<number>,
  steps: number,
): LanczosQuadrature {
  const projected = tridiagonalise(apply, Float64Array.from(start), steps);
  const { diagonal, off } = projected;
  const matrix = Matrix.zeros(diagonal.length, diagonal.length);
  diagonal.forEach((value, i) => {
    matrix.set(i, i, value);
  });
  off.forEach((value, i) => {
    matrix.set(i, i + 1, value);
    matrix.set(i + 1, i, value);
  });
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  return { projected, nodes: realEigenvalues, weights: eigenvectorMatrix.getRow(0).map((tau) => tau * tau) };
}

/** Σ_j τ_j²·exp(−s·θ_j) ≈ vᵀexp(−s·L)v/|v|² (MATHS §A4). */
export const quadratureHeat = ({ nodes, weights }: LanczosQuadrature, scale: number): number =>
  Math.exp(logHeatTrace({ values: Float64Array.from(nodes), masses: Float64Array.from(weights) }, scale));

/**
 * P(s) ≈ mean over probes of vᵀexp(−s·L)v/|v|², one value a scale: the return
 * probability of a graph too large to decompose (MATHS §A4). Its error falls as
 * 1/√(probes·n). Throws a RangeError without probes.
 */
export function stochasticReturn(
  apply: (vector: Float64Array) => Float64Array,
  probes: readonly ArrayLike<number>[],
  steps: number,
  scales: readonly number[],
): number[] {
  if (probes.length === 0) throw new RangeError('probes: must be at least one');
  const quadratures = probes.map((probe) => lanczosQuadrature(apply, probe, steps));
  return scales.map((scale) => mean(quadratures.map((quadrature) => quadratureHeat(quadrature, scale))));
}

/** A Rademacher probe: ±1 with equal chances, by numbers in [0, 1) of the caller's generator. */
export const rademacherProbe = (size: number, random: () => number): Float64Array =>
  Float64Array.from({ length: size }, () => (random() < 0.5 ? -1 : 1));

function tridiagonalise(
  apply: (vector: Float64Array) => Float64Array,
  start: Float64Array,
  steps: number,
): Tridiagonal {
  if (!(length(start) > 0)) throw new RangeError('start: must not have length 0');
  if (!Number.isInteger(steps) || steps < 1) throw new RangeError(`steps: must be a whole number >= 1, got ${steps}`);
  const basis: Float64Array[] = [];
  const diagonal: number[] = [];
  const off: number[] = [];
  let next = scaled(start, 1 / length(start));
  for (;;) {
    basis.push(next);
    const image = apply(next);
    diagonal.push(dot(image, next));
    const size = length(image);
    for (let pass = 0; pass < 2; pass++) for (const other of basis) subtractProjection(image, other);
    const growth = length(image);
    if (basis.length === Math.min(steps, start.length) || growth <= EXHAUSTED * size) return { diagonal, off };
    off.push(growth);
    next = scaled(image, 1 / growth);
  }
}
