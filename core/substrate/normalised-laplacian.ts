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
    const isolated = (whole.starts[start] as number) === (whole.starts[start + 1] as number);
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
    ends[from] = (ends[from] as number) + 1;
    ends[to] = (ends[to] as number) + 1;
  }
  let total = 0;
  for (let i = 0; i <= size; i++) {
    const count = ends[i] as number;
    ends[i] = total;
    total += count;
  }
  const neighbours = new Int32Array(total);
  const weights = new Float64Array(total);
  const put = (from: number, to: number, rateRps: number): void => {
    const at = ends[from] as number;
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
    for (; read < (ends[i] as number); read++) {
      const neighbour = neighbours[read] as number;
      const known = placeOf[neighbour] ?? -1;
      const at = known >= first ? known : written++;
      weights[at] = (at === known ? (weights[at] as number) : 0) + (weights[read] as number);
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
    for (let at = starts[node] as number; at < (starts[node + 1] as number); at++) {
      const neighbour = neighbours[at] as number;
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
    starts[i + 1] = (starts[i] as number) + (whole.starts[node + 1] as number) - (whole.starts[node] as number);
  });
  const size = starts.at(-1) ?? 0;
  const [neighbours, weights] = [new Int32Array(size), new Float64Array(size)];
  const degrees = new Float64Array(nodes.length);
  nodes.forEach((node, i) => {
    let at = starts[i] as number;
    for (let from = whole.starts[node] as number; from < (whole.starts[node + 1] as number); from++, at++) {
      const weight = whole.weights[from] as number;
      neighbours[at] = position[whole.neighbours[from] as number] as number;
      weights[at] = weight;
      degrees[i] = (degrees[i] as number) + weight;
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
    for (let at = starts[i] as number; at < (starts[i + 1] as number); at++) {
      values[at] = (weights[at] as number) * (scale[i] as number) * (scale[neighbours[at] as number] as number);
    }
  }
  return (vector, image = new Float64Array(size)) => {
    let at = 0;
    for (let i = 0; i < size; i++) {
      const end = starts[i + 1] as number;
      let flow = 0;
      for (; at < end; at++) flow += (values[at] as number) * (vector[neighbours[at] as number] as number);
      image[i] = (vector[i] as number) - flow;
    }
    return image;
  };
}

/** The eigenvector of eigenvalue 0, D^(1/2)·1, at length 1. */
export function nullVector({ degrees }: GraphComponent): Float64Array {
  const volume = degrees.reduce((sum, degree) => sum + degree, 0);
  return degrees.map((degree) => Math.sqrt(degree / volume));
}
