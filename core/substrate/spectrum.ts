import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { at } from '../at.ts';
import { fiedlerPartition, type Partition } from './fiedler-partition.ts';
import { lanczosExtremes } from './lanczos.ts';
import {
  type CallRate,
  callComponents,
  type GraphComponent,
  laplacianOperator,
  nullVector,
} from './normalised-laplacian.ts';
import { type SpectralDimension, spectralDimension } from './spectral-dimension.ts';

/** Eigenvalues up to this count as 0 (MATHS §B3). */
const ZERO = 1e-9;
/** Components with more nodes are not decomposed in full. */
const DENSE_NODES_MAX = 128;
/** Directions taken out of one large component because their eigenvalue is not above 1e-9. */
const ZEROS_MAX = 16;

export interface MeshSpectrum {
  /** All of them, ascending; `null` if a component has more than 128 nodes. */
  readonly eigenvalues: readonly number[] | null;
  /** Eigenvalues of 0: one per component and per node without calls. */
  readonly zeroMultiplicity: number;
  /** Smallest eigenvalue above 1e-9: how tightly the loosest component hangs together; `null` without calls. */
  readonly lambda1: number | null;
  readonly lambdaMax: number | null;
  /** Where that component falls apart most easily. */
  readonly partition: Partition | null;
  readonly dimension: SpectralDimension;
  /** False if Lanczos stopped before its residual was down to 1e-6; λ1 and λ_max are then estimates. */
  readonly converged: boolean;
}

interface ComponentSpectrum {
  readonly component: GraphComponent;
  readonly eigenvalues: readonly number[] | null;
  readonly zeros: number;
  readonly lambda1: number | null;
  readonly lambdaMax: number | null;
  readonly vector: Float64Array;
  readonly converged: boolean;
}

/**
 * Spectrum of the normalised Laplacian of a call graph of `size` nodes (MATHS
 * §B3): a diagnostic, never a gate. Each component is decomposed by itself,
 * which keeps its eigenvalue 0 exact and apart from a small λ1: in full up to
 * 128 nodes, above that λ1 and λ_max by Lanczos with D^(1/2)·1 deflated.
 * Throws a RangeError on calls that `callComponents` refuses.
 */
export function meshSpectrum(size: number, calls: readonly CallRate[]): MeshSpectrum {
  const parts = callComponents(size, calls).map(componentSpectrum);
  const isolated = size - parts.reduce((sum, { component }) => sum + component.nodes.length, 0);
  const loosest = parts.reduce<ComponentSpectrum | null>(
    (best, part) => (part.lambda1 !== null && part.lambda1 < (best?.lambda1 ?? Number.POSITIVE_INFINITY) ? part : best),
    null,
  );
  const lambda1 = loosest?.lambda1 ?? null;
  const lambdaMax = lambda1 === null ? null : Math.max(...parts.map((part) => part.lambdaMax ?? 0));
  const eigenvalues = allEigenvalues(parts, isolated);
  return {
    eigenvalues,
    zeroMultiplicity: isolated + parts.reduce((sum, part) => sum + part.zeros, 0),
    lambda1,
    lambdaMax,
    partition: loosest === null ? null : fiedlerPartition(loosest.component, loosest.vector),
    dimension: spectralDimension(eigenvalues, lambda1 === null || lambdaMax === null ? null : { lambda1, lambdaMax }),
    converged: parts.every((part) => part.converged),
  };
}

const componentSpectrum = (component: GraphComponent): ComponentSpectrum =>
  component.nodes.length <= DENSE_NODES_MAX ? denseSpectrum(component) : iteratedSpectrum(component);

function denseSpectrum(component: GraphComponent): ComponentSpectrum {
  const size = component.nodes.length;
  const apply = laplacianOperator(component);
  const columns = component.nodes.map((_, i) =>
    apply(Float64Array.from({ length: size }, (__, j) => (i === j ? 1 : 0))),
  );
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(new Matrix(columns), {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => at(realEigenvalues, a) - at(realEigenvalues, b));
  const eigenvalues = order.map((i, rank) => (rank === 0 ? 0 : Math.max(0, at(realEigenvalues, i))));
  const zeros = eigenvalues.filter((value) => value <= ZERO).length;
  return {
    component,
    eigenvalues,
    zeros,
    lambda1: eigenvalues[zeros] ?? null,
    lambdaMax: zeros < size ? (eigenvalues.at(-1) ?? null) : null,
    vector: Float64Array.from(zeros < size ? eigenvectorMatrix.getColumn(at(order, zeros)) : []),
    converged: true,
  };
}

function iteratedSpectrum(component: GraphComponent): ComponentSpectrum {
  const apply = laplacianOperator(component);
  const deflated = [nullVector(component)];
  let found = lanczosExtremes(apply, component.nodes.length, deflated);
  for (
    ;
    found !== null && found.smallest <= ZERO && deflated.length < ZEROS_MAX;
    found = lanczosExtremes(apply, component.nodes.length, deflated)
  ) {
    deflated.push(found.vector);
  }
  return {
    component,
    eigenvalues: null,
    zeros: deflated.length,
    lambda1: found?.smallest ?? null,
    lambdaMax: found?.largest ?? null,
    vector: found?.vector ?? new Float64Array(),
    converged: found?.converged ?? true,
  };
}

function allEigenvalues(parts: readonly ComponentSpectrum[], isolated: number): number[] | null {
  const all = new Array<number>(isolated).fill(0);
  for (const { eigenvalues } of parts) {
    if (eigenvalues === null) return null;
    all.push(...eigenvalues);
  }
  return all.sort((a, b) => a - b);
}
