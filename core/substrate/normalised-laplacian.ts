/** Calls between two nodes of a graph, either way round. */
export interface CallRate {
  readonly from: number;
  readonly to: number;
  /** Calls per second, or any other weight ≥ 0: the spectrum does not change with its unit. */
  readonly rateRps: number;
}

/** W by rows: the neighbours of node i and their weights stand at `starts[i]` … `starts[i + 1]`. */
export interface WeightRows {
  readonly starts: Int32Array;
  readonly neighbours: Int32Array;
  readonly weights: Float64Array;
}

/** One connected part of a call graph with more than one node, or with a node that calls itself. */
export interface GraphComponent extends WeightRows {
  /** Nodes of the whole graph, ascending; positions in this list are the indices of everything below. */
  readonly nodes: readonly number[];
  /** d_i = Σ_j W_ij. */
  readonly degrees: Float64Array;
}

/**
 * Connected components of W = A + Aᵀ, A the call rates of `size` nodes. Nodes
 * without any call are in none. Throws a RangeError on an edge whose ends are
 * no nodes or whose rate is not a finite number ≥ 0. O(nodes + calls), but for
 * sorting the nodes of each component.
 */
export function callComponents(size: number, calls: readonly CallRate[]): GraphComponent[] {
  const whole = symmetrised(size, calls);
  const seen = new Uint8Array(size);
  const components: GraphComponent[] = [];
  for (let start = 0; start < size; start++) {
    const isolated = (whole.starts[start] ?? 0) === (whole.starts[start + 1] ?? 0);
    if (seen[start] === 0 && !isolated) components.push(restrict(whole, reachable(whole, start, seen)));
  }
  return components;
}

/** W = A + Aᵀ, parallel calls added up. Throws as `callComponents` does. */
export function symmetrised(size: number, calls: readonly CallRate[]): WeightRows {
  const ends = new Int32Array(size + 1);
  for (const { from, to, rateRps } of calls) {
    if (!(isNode(from, size) && isNode(to, size) && rateRps >= 0 && rateRps < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`no call rate between ${size} nodes: ${from} -> ${to} at ${rateRps}/s`);
    }
    if (rateRps === 0) continue;
    ends[from] = (ends[from] ?? 0) + 1;
    ends[to] = (ends[to] ?? 0) + 1;
  }
  let total = 0;
  for (let i = 0; i <= size; i++) {
    const count = ends[i] ?? 0;
    ends[i] = total;
    total += count;
  }
  const neighbours = new Int32Array(total);
  const weights = new Float64Array(total);
  const put = (from: number, to: number, rateRps: number): void => {
    const at = ends[from] ?? 0;
    neighbours[at] = to;
    weights[at] = rateRps;
    ends[from] = at + 1;
  };
  for (const { from, to, rateRps } of calls) {
    if (rateRps === 0) continue;
    put(from, to, rateRps);
    put(to, from, rateRps);
  }
  return merged({ starts: ends, neighbours, weights });
}

const isNode = (node: number, size: number): boolean => Number.isInteger(node) && node >= 0 && node < size;

/** One entry per neighbour. @param raw its `starts[i]` is where row i ends */
function merged({ starts: ends, neighbours, weights }: WeightRows): WeightRows {
  const size = ends.length - 1;
  const starts = new Int32Array(size + 1);
  const placeOf = new Int32Array(size).fill(-1);
  let [read, written] = [0, 0];
  for (let i = 0; i < size; i++) {
    const first = written;
    for (; read < (ends[i] ?? 0); read++) {
      const neighbour = neighbours[read] ?? 0;
      const known = placeOf[neighbour] ?? -1;
      const at = known >= first ? known : written++;
      weights[at] = (at === known ? (weights[at] ?? 0) : 0) + (weights[read] ?? 0);
      neighbours[at] = neighbour;
      placeOf[neighbour] = at;
    }
    starts[i + 1] = written;
  }
  return { starts, neighbours: neighbours.slice(0, written), weights: weights.slice(0, written) };
}

function reachable({ starts, neighbours }: WeightRows, start: number, seen: Uint8Array): number[] {
  const nodes = [start];
  seen[start] = 1;
  for (const node of nodes) {
    for (let at = starts[node] ?? 0; at < (starts[node + 1] ?? 0); at++) {
      const neighbour = neighbours[at] ?? 0;
      if (seen[neighbour] === 1) continue;
      seen[neighbour] = 1;
      nodes.push(neighbour);
    }
  }
  return nodes.sort((a, b) => a - b);
}

function restrict(whole: WeightRows, nodes: readonly number[]): GraphComponent {
  const position = new Int32Array(whole.starts.length);
  const starts = new Int32Array(nodes.length + 1);
  nodes.forEach((node, i) => {
    position[node] = i;
    starts[i + 1] = (starts[i] ?? 0) + (whole.starts[node + 1] ?? 0) - (whole.starts[node] ?? 0);
  });
  const size = starts.at(-1) ?? 0;
  const [neighbours, weights] = [new Int32Array(size), new Float64Array(size)];
  const degrees = new Float64Array(nodes.length);
  nodes.forEach((node, i) => {
    let at = starts[i] ?? 0;
    for (let from = whole.starts[node] ?? 0; from < (whole.starts[node + 1] ?? 0); from++, at++) {
      const weight = whole.weights[from] ?? 0;
      neighbours[at] = position[whole.neighbours[from] ?? 0] ?? 0;
      weights[at] = weight;
      degrees[i] = (degrees[i] ?? 0) + weight;
    }
  });
  return { nodes, starts, neighbours, weights, degrees };
}

/** v ↦ A·v of a symmetric matrix; the answer is written over `image` where one is given. */
export type Operator = (vector: Float64Array, image?: Float64Array) => Float64Array;

/**
 * v ↦ L·v with the normalised Laplacian L = I − D^(−1/2)·W·D^(−1/2) of one
 * component (MATHS §B3). Its eigenvalues lie in [0, 2] and do not change when
 * all rates are multiplied.
 */
export function laplacianOperator({ starts, neighbours, weights, degrees }: GraphComponent): Operator {
  const scale = degrees.map((degree) => 1 / Math.sqrt(degree));
  const size = degrees.length;
  const values = new Float64Array(weights.length);
  for (let i = 0; i < size; i++) {
    for (let at = starts[i] ?? 0; at < (starts[i + 1] ?? 0); at++) {
      values[at] = (weights[at] ?? 0) * (scale[i] ?? 0) * (scale[neighbours[at] ?? 0] ?? 0);
    }
  }
  return (vector, image = new Float64Array(size)) => {
    let at = 0;
    for (let i = 0; i < size; i++) {
      const end = starts[i + 1] ?? 0;
      let flow = 0;
      for (; at < end; at++) flow += (values[at] ?? 0) * (vector[neighbours[at] ?? 0] ?? 0);
      image[i] = (vector[i] ?? 0) - flow;
    }
    return image;
  };
}

/** The eigenvector of eigenvalue 0, D^(1/2)·1, at length 1. */
export function nullVector({ degrees }: GraphComponent): Float64Array {
  const volume = degrees.reduce((sum, degree) => sum + degree, 0);
  return degrees.map((degree) => Math.sqrt(degree / volume));
}
