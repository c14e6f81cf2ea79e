import { at } from '../at.ts';

/** Calls between two nodes of a graph, either way round. */
export interface CallRate {
  readonly from: number;
  readonly to: number;
  /** Calls per second, or any other weight ≥ 0: the spectrum does not change with its unit. */
  readonly rateRps: number;
}

/** One connected part of a call graph with more than one node, or with a node that calls itself. */
export interface GraphComponent {
  /** Nodes of the whole graph, ascending; positions in this list are the indices of everything below. */
  readonly nodes: readonly number[];
  /** d_i = Σ_j W_ij. */
  readonly degrees: readonly number[];
  /** W: neighbour → weight, per node. */
  readonly weights: readonly ReadonlyMap<number, number>[];
}

/**
 * Connected components of W = A + Aᵀ, A the call rates of `size` nodes. Nodes
 * without any call are in none. Throws a RangeError on an edge whose ends are
 * no nodes or whose rate is not a finite number ≥ 0.
 */
export function callComponents(size: number, calls: readonly CallRate[]): GraphComponent[] {
  const weights = symmetrised(size, calls);
  const seen = new Set<number>();
  const components: GraphComponent[] = [];
  for (let start = 0; start < size; start++) {
    if (seen.has(start) || weights[start]?.size === 0) continue;
    components.push(restrict(weights, reachable(weights, start, seen)));
  }
  return components;
}

/** W = A + Aᵀ, per node: neighbour → weight. Throws as `callComponents` does. */
export function symmetrised(size: number, calls: readonly CallRate[]): Map<number, number>[] {
  const weights = Array.from({ length: size }, () => new Map<number, number>());
  for (const { from, to, rateRps } of calls) {
    const [row, column] = [weights[from], weights[to]];
    if (row === undefined || column === undefined || !(rateRps >= 0 && rateRps < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`no call rate between ${size} nodes: ${from} -> ${to} at ${rateRps}/s`);
    }
    if (rateRps === 0) continue;
    row.set(to, (row.get(to) ?? 0) + rateRps);
    column.set(from, (column.get(from) ?? 0) + rateRps);
  }
  return weights;
}

function reachable(weights: readonly ReadonlyMap<number, number>[], start: number, seen: Set<number>): number[] {
  const nodes = [start];
  seen.add(start);
  for (const node of nodes) {
    for (const neighbour of weights[node]?.keys() ?? []) {
      if (seen.has(neighbour)) continue;
      seen.add(neighbour);
      nodes.push(neighbour);
    }
  }
  return nodes.sort((a, b) => a - b);
}

function restrict(weights: readonly ReadonlyMap<number, number>[], nodes: readonly number[]): GraphComponent {
  const position = new Map(nodes.map((node, index) => [node, index]));
  const rows = nodes.map(
    (node) => new Map([...at(weights, node)].map(([neighbour, weight]) => [position.get(neighbour) ?? -1, weight])),
  );
  return {
    nodes,
    weights: rows,
    degrees: rows.map((row) => [...row.values()].reduce((sum, weight) => sum + weight, 0)),
  };
}

/**
 * v ↦ L·v with the normalised Laplacian L = I − D^(−1/2)·W·D^(−1/2) of one
 * component (MATHS §B3). Its eigenvalues lie in [0, 2] and do not change when
 * all rates are multiplied.
 */
export function laplacianOperator({ degrees, weights }: GraphComponent): (vector: Float64Array) => Float64Array {
  const scale = Float64Array.from(degrees, (degree) => 1 / Math.sqrt(degree));
  return (vector) => {
    const image = Float64Array.from(vector);
    weights.forEach((row, i) => {
      let flow = 0;
      for (const [j, weight] of row) flow += weight * at(scale, j) * at(vector, j);
      image[i] = at(vector, i) - at(scale, i) * flow;
    });
    return image;
  };
}

/** The eigenvector of eigenvalue 0, D^(1/2)·1, at length 1. */
export function nullVector({ degrees }: GraphComponent): Float64Array {
  const volume = degrees.reduce((sum, degree) => sum + degree, 0);
  return Float64Array.from(degrees, (degree) => Math.sqrt(degree / volume));
}
