import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { type CallRate, callComponents, symmetrised } from '../substrate/normalised-laplacian.ts';

/** An undirected edge between two nodes. */
export interface WeightedEdge {
  readonly from: number;
  readonly to: number;
  /** ≥ 0; λ comes in its unit. */
  readonly weight: number;
}

export interface GraphSpectrum {
  /** Eigenvalues of L = Deg − A, ascending, one 0 a component. */
  readonly eigenvalues: readonly number[];
  readonly components: number;
}

/**
 * Spectrum of the combinatorial Laplacian of a graph of `size` nodes (MATHS §A2), in
 * units of the edge weight. Each component is decomposed by itself, so that its 0
 * is exact. All eigenvalues are computed, so that A10 b16 (λ_max left out, 0 twice) has
 * no counterpart. Costs the cube of the largest component. Throws a RangeError on
 * an edge whose ends are no nodes or whose weight is not a finite number ≥ 0.
 */
export function graphSpectrum(size: number, edges: readonly WeightedEdge[]): GraphSpectrum {
  const components = callComponents(size, edges.map(toCalls));
  const isolated = size - components.reduce((sum, { nodes }) => sum + nodes.length, 0);
  const connected = components.flatMap(({ nodes, starts, neighbours, weights }) => {
    const laplacian = Matrix.zeros(nodes.length, nodes.length);
    for (let i = 0; i < nodes.length; i++) {
      for (let at = starts[i] as number; at < (starts[i + 1] as number); at++) {
        const j = neighbours[at] as number;
        if (j !== i) addEdge(laplacian, i, j, weights[at] as number);
      }
    }
    const { realEigenvalues } = new EigenvalueDecomposition(laplacian, { assumeSymmetric: true });
    return realEigenvalues.sort((a, b) => a - b).map((value, rank) => (rank === 0 ? 0 : Math.max(0, value)));
  });
  const eigenvalues = [...new Array<number>(isolated).fill(0), ...connected].sort((a, b) => a - b);
  return { eigenvalues, components: components.length + isolated };
}

/** v ↦ L·v with L = Deg − A (MATHS §A2). Throws a RangeError as `graphSpectrum` does. */
export function graphLaplacian(size: number, edges: readonly WeightedEdge[]): (vector: Float64Array) => Float64Array {
  const { starts, neighbours, weights } = symmetrised(size, edges.map(toCalls));
  return (vector) => {
    const image = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (let at = starts[i] as number; at < (starts[i + 1] as number); at++) {
        sum += (weights[at] as number) * ((vector[i] as number) - (vector[neighbours[at] as number] as number));
      }
      image[i] = sum;
    }
    return image;
  };
}

/** Half of the edge: the other end's row adds the other half. */
function addEdge(laplacian: Matrix, i: number, j: number, weight: number): void {
  laplacian.set(i, j, -weight);
  laplacian.set(i, i, laplacian.get(i, i) + weight);
}

const toCalls = ({ from, to, weight }: WeightedEdge): CallRate => ({ from, to, rateRps: weight });
