import assert from 'node:assert/strict';
import fc from 'fast-check';
import { lanczosExtremes } from '../../../../core/substrate/lanczos.ts';
import {
  type CallRate,
  callComponents,
  laplacianOperator,
  nullVector,
} from '../../../../core/substrate/normalised-laplacian.ts';
import { meshSpectrum } from '../../../../core/substrate/spectrum.ts';
import { eigenvectorOf, extremeEigenvalues } from '../../../../core/substrate/tridiagonal.ts';
import { seededRandom } from '../../../support/random.ts';

const call = (from: number, to: number, rateRps = 1): CallRate => ({ from, to, rateRps });
const path = (size: number, first = 0) => Array.from({ length: size - 1 }, (_, i) => call(first + i, first + i + 1));
const ring = (size: number, first = 0) => [...path(size, first), call(first + size - 1, first)];
const clique = (size: number, first = 0) =>
  Array.from({ length: size }, (_, i) => Array.from({ length: i }, (__, j) => call(first + i, first + j))).flat();
const star = (size: number) => Array.from({ length: size - 1 }, (_, i) => call(0, i + 1));

function randomMesh(size: number, density: number, seed: number): CallRate[] {
  const random = seededRandom(seed);
  return clique(size)
    .filter(() => random.uniform() < density)
    .map((edge) => ({ ...edge, rateRps: Math.exp(3 * random.normal()) }))
    .concat(path(size));
}

const near = (got: number | null | undefined, want: number, error: number) =>
  assert.ok(Math.abs((got ?? Number.NaN) - want) <= error, `${got}, not ${want} ± ${error}`);

describe('mesh spectrum (MATHS §B3)', () => {
  it('has the closed forms of star, ring and path, small and large', () => {
    for (const size of [10, 300]) {
      near(meshSpectrum(size, star(size)).lambda1, 1, 1e-6);
      near(meshSpectrum(size, ring(size)).lambda1, 1 - Math.cos((2 * Math.PI) / size), 1e-6);
      near(meshSpectrum(size, path(size)).lambda1, 1 - Math.cos(Math.PI / (size - 1)), 1e-6);
      near(meshSpectrum(size, path(size)).lambdaMax, 2, 1e-6);
      assert.equal(meshSpectrum(size, path(size)).converged, true);
    }
  });

  it('has λ1 and λ_max of a thousand nodes to 1e-6', () => {
    const [size, strides] = [1000, [1, 7, 30, 211]];
    const circulant = Array.from({ length: size }, (_, i) => strides.map((stride) => call(i, (i + stride) % size)));
    const all = Array.from({ length: size }, (_, j) => {
      const angles = strides.map((stride) => Math.cos((2 * Math.PI * j * stride) / size));
      return 1 - angles.reduce((sum, value) => sum + value, 0) / strides.length;
    }).sort((a, b) => a - b);
    const { lambda1, lambdaMax, zeroMultiplicity, converged } = meshSpectrum(size, circulant.flat());
    assert.deepEqual([zeroMultiplicity, converged], [1, true]);
    near(lambda1, all[1] ?? Number.NaN, 1e-6);
    near(lambdaMax, all.at(-1) ?? Number.NaN, 1e-6);
  });

  it('adds parallel calls up, and those of both directions', () => {
    const [component] = callComponents(3, [call(0, 1, 2), call(2, 0, 5), call(1, 0, 3), call(0, 1, 4), call(2, 2, 1)]);
    assert.ok(component !== undefined);
    const { starts, neighbours, weights, degrees } = component;
    const rows = [0, 1, 2].map((i) =>
      [...neighbours.subarray(starts[i], starts[i + 1])].map((node, k) => [node, weights[(starts[i] ?? 0) + k]]),
    );
    assert.deepEqual(rows, [
      [
        [1, 9],
        [2, 5],
      ],
      [[0, 9]],
      [
        [0, 5],
        [2, 2],
      ],
    ]);
    assert.deepEqual([...degrees], [14, 9, 7]);
  });

  it('counts one eigenvalue of 0 per component and per node without calls', () => {
    const small = meshSpectrum(20, [...ring(8), ...ring(8, 8)]);
    assert.deepEqual([small.zeroMultiplicity, small.eigenvalues?.filter((value) => value === 0).length], [6, 6]);
    const large = meshSpectrum(410, [...ring(200), ...ring(200, 200)]);
    assert.deepEqual([large.zeroMultiplicity, large.eigenvalues, large.dimension.reason], [12, null, 'too_large']);
  });

  it('has no λ1 where nobody calls anybody, or only itself', () => {
    for (const calls of [[], [call(1, 1)], [call(0, 1, 0)]]) {
      const { lambda1, lambdaMax, zeroMultiplicity, partition, dimension } = meshSpectrum(3, calls);
      assert.deepEqual([lambda1, lambdaMax, zeroMultiplicity, partition], [null, null, 3, null]);
      assert.equal(dimension.reason, 'no_spectrum');
    }
    assert.equal(meshSpectrum(0, []).zeroMultiplicity, 0);
  });

  it('does not take a bond of less than 1e-9 for one, dense or iterated', () => {
    for (const size of [20, 150]) {
      const calls = [...clique(size), ...clique(size, size), call(0, size, 1e-9)];
      const { zeroMultiplicity, lambda1 } = meshSpectrum(2 * size, calls);
      assert.equal(zeroMultiplicity, 2, `${size}`);
      near(lambda1, size / (size - 1), 1e-6);
    }
  });

  it('refuses calls between nodes that are none and rates that are none', () => {
    assert.throws(() => meshSpectrum(2, [call(0, 2)]), RangeError);
    assert.throws(() => meshSpectrum(2, [call(0, 1, Number.NaN)]), RangeError);
    assert.throws(() => meshSpectrum(2, [call(0, 1, -1)]), RangeError);
  });

  it('cuts two groups where they are joined', () => {
    for (const size of [10, 100]) {
      const { partition } = meshSpectrum(2 * size, [...clique(size), ...clique(size, size), call(3, size + 3)]);
      const expected = Array.from({ length: size }, (_, i) => i);
      assert.ok(partition !== null);
      assert.deepEqual(
        partition.nodes[0] === 0 ? partition.nodes : partition.nodes.map((node) => node - size),
        expected,
      );
      near(partition.conductance, 1 / (size * (size - 1) + 1), 1e-12);
    }
  });

  it('keeps to Cheeger’s bounds and to [0, 2], and does not change with the unit of the rates', () => {
    const graph = fc.record({
      size: fc.integer({ min: 2, max: 24 }),
      density: fc.double({ min: 0, max: 0.6, noNaN: true }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(graph, ({ size, density, seed }) => {
        const calls = randomMesh(size, density, seed);
        const { lambda1, lambdaMax, partition } = meshSpectrum(size, calls);
        assert.ok(lambda1 !== null && lambdaMax !== null && partition !== null);
        assert.ok(lambdaMax <= 2 + 1e-12);
        assert.ok(lambda1 / 2 <= partition.conductance + 1e-12);
        assert.ok(partition.conductance <= Math.sqrt(2 * lambda1) + 1e-12);
        const scaled = meshSpectrum(
          size,
          calls.map((edge) => ({ ...edge, rateRps: 1e6 * edge.rateRps })),
        );
        near(scaled.lambda1, lambda1, 1e-12);
      }),
      { numRuns: 60 },
    );
  });
});

describe('Lanczos iteration', () => {
  it('finds the extremes of the dense decomposition to 1e-6', () => {
    for (const [size, density, seed] of [
      [40, 0.1, 1],
      [90, 0.05, 2],
      [128, 0.02, 3],
    ] as const) {
      const calls = randomMesh(size, density, seed);
      const [component] = callComponents(size, calls);
      assert.ok(component !== undefined);
      const dense = meshSpectrum(size, calls);
      const found = lanczosExtremes(laplacianOperator(component), size, [nullVector(component)]);
      assert.ok(found?.converged);
      near(found.smallest, dense.lambda1 ?? Number.NaN, 1e-6);
      near(found.largest, dense.lambdaMax ?? Number.NaN, 1e-6);
    }
  });

  it('gives the eigenvector with the eigenvalue', () => {
    const [component] = callComponents(200, randomMesh(200, 0.05, 4));
    assert.ok(component !== undefined);
    const apply = laplacianOperator(component);
    const found = lanczosExtremes(apply, 200, [nullVector(component)]);
    assert.ok(found !== null);
    const image = apply(found.vector);
    const residual = Math.hypot(...image.map((value, i) => value - found.smallest * (found.vector[i] ?? 0)));
    assert.ok(residual < 1e-6, `${residual}`);
  });

  it('stops where the space ends', () => {
    const [component] = callComponents(2, [call(0, 1)]);
    assert.ok(component !== undefined);
    const apply = laplacianOperator(component);
    near(lanczosExtremes(apply, 2, [nullVector(component)])?.smallest, 2, 1e-12);
    assert.equal(
      lanczosExtremes(apply, 2, [nullVector(component), Float64Array.of(Math.SQRT1_2, -Math.SQRT1_2)]),
      null,
    );
  });
});

describe('tridiagonal matrices', () => {
  it('have the eigenvalues 2 − 2·cos(πk/(n+1)) when they are second differences', () => {
    const size = 50;
    const matrix = { diagonal: new Array<number>(size).fill(2), off: new Array<number>(size - 1).fill(-1) };
    const { smallest, largest } = extremeEigenvalues(matrix);
    near(smallest, 2 - 2 * Math.cos(Math.PI / (size + 1)), 1e-14);
    near(largest, 2 - 2 * Math.cos((Math.PI * size) / (size + 1)), 1e-13);
    const vector = eigenvectorOf(matrix, smallest);
    vector.forEach((value, i) => {
      const want = Math.sqrt(2 / (size + 1)) * Math.sin((Math.PI * (i + 1)) / (size + 1));
      near(Math.abs(value), want, 1e-10);
    });
  });

  it('are solved where pivots vanish or nearly do', () => {
    const entry = fc.constantFrom(0, 1, -1, 0.5, 1e-3, 1e-8, 1e-12);
    const coupling = fc.constantFrom(1, 0.5, 1e-3, 1e-6);
    const matrix = fc.integer({ min: 2, max: 12 }).chain((size) =>
      fc.record({
        diagonal: fc.array(entry, { minLength: size, maxLength: size }),
        off: fc.array(coupling, { minLength: size - 1, maxLength: size - 1 }),
      }),
    );
    fc.assert(
      fc.property(matrix, ({ diagonal, off }) => {
        const { smallest, largest } = extremeEigenvalues({ diagonal, off });
        for (const value of [smallest, largest]) {
          const vector = eigenvectorOf({ diagonal, off }, value);
          const at = (i: number) => vector[i] ?? 0;
          const residual = diagonal.map(
            (entry, i) => (entry - value) * at(i) + (off[i - 1] ?? 0) * at(i - 1) + (off[i] ?? 0) * at(i + 1),
          );
          assert.ok(Math.hypot(...residual) < 1e-12, `${residual}`);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('may fall apart into blocks', () => {
    const { smallest, largest } = extremeEigenvalues({ diagonal: [3, 1, 2], off: [0, 0] });
    near(smallest, 1, 1e-14);
    near(largest, 3, 1e-14);
    const vector = eigenvectorOf({ diagonal: [3, 1, 2], off: [0, 0] }, 1);
    near(Math.abs(vector[1] ?? 0), 1, 1e-12);
  });
});
