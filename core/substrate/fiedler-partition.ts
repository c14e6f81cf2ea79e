import { at } from '../at.ts';
import type { GraphComponent } from './normalised-laplacian.ts';

export interface Partition {
  /** The side with the smaller share of the calls, ascending. */
  readonly nodes: readonly number[];
  /** φ: calls across the cut over the calls that touch this side, in [0, 1]. */
  readonly conductance: number;
}

/**
 * Where a component falls apart most easily: its nodes sorted by the Fiedler
 * vector D^(−1/2)·v₁ and cut at the place of least conductance. Cheeger:
 * λ1/2 ≤ φ ≤ √(2·λ1) (Chung 1997; MATHS §B3). `null` for a single node.
 */
export function fiedlerPartition(component: GraphComponent, eigenvector: Float64Array): Partition | null {
  const { nodes, degrees, starts, neighbours, weights } = component;
  const coordinate = eigenvector.map((value, i) => value / Math.sqrt(degrees[i] ?? 0));
  const order = nodes.map((_, i) => i).sort((a, b) => (coordinate[a] ?? 0) - (coordinate[b] ?? 0) || a - b);
  const total = degrees.reduce((sum, degree) => sum + degree, 0);
  const isLeft = new Uint8Array(nodes.length);
  let [volume, cut, conductance, size, moved] = [0, 0, Number.POSITIVE_INFINITY, 0, 0];
  for (const node of order.slice(0, -1)) {
    volume += degrees[node] ?? 0;
    for (let at = starts[node] ?? 0; at < (starts[node + 1] ?? 0); at++) {
      const [neighbour, weight] = [neighbours[at] ?? 0, weights[at] ?? 0];
      if (neighbour !== node) cut += isLeft[neighbour] === 1 ? -weight : weight;
    }
    isLeft[node] = 1;
    moved++;
    const here = Math.max(0, cut) / Math.min(volume, total - volume);
    if (here < conductance) [conductance, size] = [here, moved];
  }
  if (size === 0) return null;
  const sides = [order.slice(0, size), order.slice(size)];
  const volumes = sides.map((side) => side.reduce((sum, i) => sum + at(degrees, i), 0));
  const smaller = at(sides, at(volumes, 0) <= at(volumes, 1) ? 0 : 1);
  return { nodes: smaller.map((i) => at(nodes, i)).sort((a, b) => a - b), conductance };
}
