import { seededRandom } from '../../core/simulation/seeded-random.ts';
import type { CallRate } from '../../core/substrate/normalised-laplacian.ts';

export interface CallGraph {
  readonly name: string;
  readonly size: number;
  readonly calls: readonly CallRate[];
}

/** Calls that a node makes, by its number and what it may draw. */
type Callees = (node: number, random: () => number) => readonly number[];

/** Graphs of four shapes with 1 to 100 calls/s on each edge; the same in every run. */
export function callGraphs(size: number): CallGraph[] {
  const any = (random: () => number): number => Math.floor(random() * size);
  const zone = size / 10;
  const ends: number[] = [];
  const shapes: Readonly<Record<string, Callees>> = {
    random: (_, random) => draw(5, () => any(random)),
    // Neighbours on a ring, one call in ten anywhere (Watts and Strogatz 1998).
    'small world': (node, random) => draw(5, (k) => (random() < 0.1 ? any(random) : (node + k + 1) % size)),
    // The more calls a service has, the likelier it gets the next one (Barabási and Albert 1999).
    hubs: (node, random) => {
      const callees = draw(3, () => ends[Math.floor(random() * ends.length)] ?? 0);
      for (const callee of callees) ends.push(callee, node);
      return callees;
    },
    // Ten groups that call each other once in fifty times.
    zones: (node, random) =>
      draw(8, () => (random() < 0.98 ? zone * Math.floor(node / zone) + Math.floor(random() * zone) : any(random))),
  };
  return Object.entries(shapes).map(([name, callees], i) => ({
    name,
    size,
    calls: callsOf(size, callees, seededRandom(i + 1)),
  }));
}

const draw = (count: number, one: (k: number) => number): number[] => Array.from({ length: count }, (_, k) => one(k));

function callsOf(size: number, callees: Callees, random: () => number): CallRate[] {
  const nodes = Array.from({ length: size }, (_, node) => node);
  return nodes.flatMap((from) =>
    callees(from, random)
      .filter((to) => to !== from)
      .map((to) => ({ from, to, rateRps: 1 + 99 * random() })),
  );
}
