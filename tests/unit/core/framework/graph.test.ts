import assert from 'node:assert/strict';
import { graphLaplacian, graphSpectrum } from '../../../../core/framework/graph-spectrum.ts';
import {
  lanczosQuadrature,
  quadratureHeat,
  rademacherProbe,
  stochasticReturn,
} from '../../../../core/framework/lanczos-quadrature.ts';
import { plateau, plateauPositions, scaling } from '../../../../core/framework/spectral-flow.ts';
import { logReturnProbability } from '../../../../core/substrate/heat-trace.ts';
import { seededRandom } from '../../../support/random.ts';

const random = seededRandom(11).uniform;
const weighted = Array.from({ length: 200 }, (_, i) => ({
  from: i % 60,
  to: Math.floor(random() * 60),
  weight: 1 + 3 * random(),
})).filter(({ from, to }) => from !== to);

describe('graphs (MATHS §A2, §A4)', () => {
  it('edges that lead nowhere or weigh nothing sensible are refused', () => {
    for (const edge of [
      { from: 0, to: 2, weight: 1 },
      { from: 0, to: 1, weight: -1 },
      { from: 0, to: 1, weight: Number.NaN },
    ]) {
      assert.throws(() => graphSpectrum(2, [edge]), RangeError);
      assert.throws(() => graphLaplacian(2, [edge]), RangeError);
    }
  });

  it('a loop adds nothing, and nodes without edges are components', () => {
    const loops = graphSpectrum(3, [
      { from: 0, to: 1, weight: 2 },
      { from: 0, to: 0, weight: 5 },
    ]);
    assert.equal(loops.components, 2);
    loops.eigenvalues.forEach((value, i) => {
      assert.ok(Math.abs(value - ([0, 0, 4][i] ?? Number.NaN)) < 1e-12, `${value}`);
    });
  });

  it('stochastic Lanczos quadrature comes near the exact return probability', () => {
    const { eigenvalues } = graphSpectrum(60, weighted);
    const apply = graphLaplacian(60, weighted);
    const probes = Array.from({ length: 100 }, () => rademacherProbe(60, random));
    const scales = [0.01, 0.1, 0.5];
    stochasticReturn(apply, probes, 20, scales).forEach((got, i) => {
      const want = Math.exp(logReturnProbability(eigenvalues)(scales[i] ?? 0));
      assert.ok(Math.abs(got / want - 1) < 0.1, `${got}, not ${want}`);
    });
    assert.ok(probes.every((probe) => probe.every((value) => Math.abs(value) === 1)));
  });

  it('the quadrature is exact with as many steps as directions, whatever the probe', () => {
    const { eigenvalues } = graphSpectrum(60, weighted);
    const apply = graphLaplacian(60, weighted);
    const basis = Array.from({ length: 60 }, (_, i) => Float64Array.from({ length: 60 }, (__, j) => (i === j ? 1 : 0)));
    const [got = 0] = stochasticReturn(apply, basis, 60, [0.3]);
    assert.ok(Math.abs(Math.log(got) - logReturnProbability(eigenvalues)(0.3)) < 1e-10);
    assert.equal(
      quadratureHeat(lanczosQuadrature(apply, new Float64Array(60).fill(1), 60), 3).toFixed(9),
      '1.000000000',
    );
  });

  it('a quadrature refuses a start of no length, no steps and no probes', () => {
    const apply = graphLaplacian(2, [{ from: 0, to: 1, weight: 1 }]);
    assert.throws(() => lanczosQuadrature(apply, [0, 0], 2), /start: must not have length 0/);
    assert.throws(() => lanczosQuadrature(apply, [Number.NaN, 0], 2), /start/);
    assert.throws(() => lanczosQuadrature(apply, [1, 0], 0), /steps: must be a whole number >= 1/);
    assert.throws(() => stochasticReturn(apply, [], 2, [1]), /probes: must be at least one/);
  });
});

describe('spectral dimension (MATHS §A5)', () => {
  const scales = Array.from({ length: 12 }, (_, i) => 2 ** i);
  const logReturn = scales.map((scale) => -1.5 * Math.log(scale) + 2);

  it('is −2 × the slope of ln P against ln s', () => {
    const { median, regression, interquartile } = plateau(scales, logReturn, [2, 64]);
    for (const value of [median, regression]) assert.ok(Math.abs(value - 3) < 1e-12);
    assert.ok(interquartile < 1e-12);
  });

  it('falls back to the middle third below 3 points in the window', () => {
    assert.deepEqual(plateauPositions(scales, [4, 8]), [4, 5, 6, 7]);
    assert.deepEqual(plateauPositions(scales, [4, 16]), [2, 3, 4]);
  });

  it('checks scaling with 5 points and more only', () => {
    assert.deepEqual(scaling(scales, logReturn, [1, 8]), { points: 4, line: null });
    assert.equal(scaling(scales, logReturn, [1, 16]).line?.rSquared.toFixed(9), '1.000000000');
  });
});
