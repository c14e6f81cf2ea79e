import assert from 'node:assert/strict';
import fc from 'fast-check';
import { spectralRadii } from '../../core/gates/spectral-radius.ts';
import { stronglyConnected } from '../../core/gates/strongly-connected.ts';
import type { CallRate } from '../../core/substrate/normalised-laplacian.ts';
import { meshSpectrum } from '../../core/substrate/spectrum.ts';

const SIZE_MAX = 24;

/** A call graph, and its nodes and calls in another order. */
const graphs = fc.integer({ min: 1, max: SIZE_MAX }).chain((size) => {
  const node = fc.integer({ min: 0, max: size - 1 });
  const calls = fc.array(fc.record({ from: node, to: node, rateRps: fc.integer({ min: 1, max: 1000 }) }), {
    maxLength: 3 * size,
  });
  const names = Array.from({ length: size }, (_, i) => i);
  return fc.record({
    size: fc.constant(size),
    calls,
    order: fc.shuffledSubarray(names, { minLength: size }),
    seed: fc.double({ min: 0, max: 1, noNaN: true }),
  });
});

const renamed = (calls: readonly CallRate[], order: readonly number[], turn: number): CallRate[] => {
  const others = calls.map(({ from, to, rateRps }) => ({ from: order[from] ?? -1, to: order[to] ?? -1, rateRps }));
  const cut = Math.floor(turn * others.length);
  return [...others.slice(cut), ...others.slice(0, cut)];
};

/** Gains of calls, as rows. */
function rowsOf(size: number, calls: readonly CallRate[]): Map<number, number>[] {
  const rows = Array.from({ length: size }, () => new Map<number, number>());
  for (const { from, to, rateRps } of calls) rows[from]?.set(to, (rows[from]?.get(to) ?? 0) + rateRps / 1000);
  return rows;
}

/** Who is reached from a node, by looking again and again. */
function reachedFrom(node: number, rows: readonly ReadonlyMap<number, number>[]): Set<number> {
  const reached = new Set([node]);
  for (const next of reached) for (const neighbour of rows[next]?.keys() ?? []) reached.add(neighbour);
  return reached;
}

function assertNear(got: number | null, want: number | null, tolerance: number, what: string): void {
  if (got === null || want === null) assert.equal(got, want, what);
  else assert.ok(Math.abs(got - want) <= tolerance, `${what}: ${got}, not ${want}`);
}

describe('spectra do not depend on how nodes are numbered or in which order calls are listed', () => {
  it('normalised Laplacian (MATHS §B3)', () => {
    fc.assert(
      fc.property(graphs, ({ size, calls, order, seed }) => {
        const once = meshSpectrum(size, calls);
        const other = meshSpectrum(size, renamed(calls, order, seed));
        assert.equal(other.eigenvalues?.length, size);
        other.eigenvalues?.forEach((value, i) => {
          assertNear(value, once.eigenvalues?.[i] ?? null, 1e-9, `eigenvalue ${i}`);
        });
        assert.equal(other.zeroMultiplicity, once.zeroMultiplicity);
        assertNear(other.lambda1, once.lambda1, 1e-9, 'λ1');
        assertNear(other.lambdaMax, once.lambdaMax, 1e-9, 'λ_max');
        assert.equal(other.dimension.reason, once.dimension.reason);
        assertNear(other.dimension.value, once.dimension.value, 1e-6, 'd_s');
      }),
    );
  });

  it('the partition keeps Cheeger’s bounds whatever the numbering: λ1/2 ≤ φ ≤ √(2·λ1)', () => {
    fc.assert(
      fc.property(graphs, ({ size, calls, order, seed }) => {
        const { lambda1, partition } = meshSpectrum(size, renamed(calls, order, seed));
        if (lambda1 === null) return;
        assert.ok(partition !== null);
        assert.ok(partition.conductance >= lambda1 / 2 - 1e-9);
        assert.ok(partition.conductance <= Math.sqrt(2 * lambda1) + 1e-9);
      }),
    );
  });

  it('spectral radii of calls per request, node by node (MATHS §B3)', () => {
    fc.assert(
      fc.property(graphs, ({ size, calls, order, seed }) => {
        const once = spectralRadii(rowsOf(size, calls));
        const other = spectralRadii(rowsOf(size, renamed(calls, order, seed)));
        order.forEach((place, node) => {
          assertNear(other[place] ?? null, once[node] ?? null, 1e-6, `node ${node}`);
        });
      }),
    );
  });
});

describe('strongly connected components', () => {
  it('hold exactly the nodes that reach each other', () => {
    fc.assert(
      fc.property(graphs, ({ size, calls }) => {
        const rows = rowsOf(size, calls);
        const reach = rows.map((_, i) => reachedFrom(i, rows));
        const components = stronglyConnected(rows);
        assert.deepEqual(
          components.flat().sort((a, b) => a - b),
          rows.map((_, i) => i),
        );
        const component = new Map(components.flatMap((nodes, index) => nodes.map((node) => [node, index] as const)));
        rows.forEach((_, i) => {
          rows.forEach((_, j) => {
            const together = reach[i]?.has(j) === true && reach[j]?.has(i) === true;
            assert.equal(component.get(i) === component.get(j), together, `${i} and ${j}`);
          });
        });
      }),
    );
  });
});
