import assert from 'node:assert/strict';
import { latticeSpectrum, ringEigenvalues, torusEigenvalues } from '../../../../core/framework/lattice-spectrum.ts';
import { infiniteRingReturn, latticeLogReturn } from '../../../../core/framework/return-probability.ts';
import { modeCount, spectrumScalars } from '../../../../core/framework/spectrum-scalars.ts';
import type { SpectralMeasure } from '../../../../core/substrate/heat-trace.ts';
import { logHeatTrace, logReturnProbability, plainSpectrum } from '../../../../core/substrate/heat-trace.ts';

/** Every sum of eigenvalues of rings, one per axis, with no regard to degeneracy. */
const allModes = (side: number, weights: readonly number[]): number[] =>
  weights.reduce((sums, weight) => sums.flatMap((a) => ringEigenvalues(side).map((b) => a + weight * b)), [0]);

const spread = ({ values, masses }: SpectralMeasure): number[] =>
  [...values].flatMap((value, k) => new Array<number>(masses[k] ?? 0).fill(value));

const near = (got: number, want: number, tolerance = 1e-12): void =>
  assert.ok(Math.abs(got - want) <= tolerance * Math.max(1, Math.abs(want)), `${got}, not ${want}`);

describe('lattices (MATHS §A2, §A4)', () => {
  for (const [side, weights] of [
    [5, [1, 1, 1]],
    [6, [1, 0.4, 0]],
    [4, [0, 0]],
    [7, [0.3]],
  ] as const) {
    it(`levels of N = ${side}, w = ${weights} are all modes with their multiplicities`, () => {
      const want = allModes(side, weights).sort((a, b) => a - b);
      const got = spread(latticeSpectrum(side, weights));
      assert.equal(got.length, want.length);
      got.forEach((value, k) => {
        near(value, want[k] ?? Number.NaN);
      });
    });

    it(`the factorised return of N = ${side}, w = ${weights} is that of all modes`, () => {
      for (const scale of [0, 0.1, 3, 200]) {
        near(latticeLogReturn(side, weights)(scale), logReturnProbability(allModes(side, weights))(scale));
      }
    });
  }

  it('262 144 modes of N = 64, D = 3 are 6 017 levels', () => {
    const spectrum = latticeSpectrum(64, [1, 1, 1]);
    assert.equal(spectrum.values.length, 6017);
    assert.equal(modeCount(spectrum), 64 ** 3);
  });

  it('named eigenvalues are those of the list of modes', () => {
    const { lambda1, lambdaInt, lambdaMax } = spectrumScalars(latticeSpectrum(8, [1, 1, 1])) ?? {};
    const modes = torusEigenvalues(3, 8);
    near(lambda1 ?? Number.NaN, modes[1] ?? 0);
    near(lambdaInt ?? Number.NaN, modes[Math.floor(0.7 * 512)] ?? 0);
    near(lambdaMax ?? Number.NaN, 12);
    assert.equal(spectrumScalars(plainSpectrum([])), null);
  });

  it('an infinite ring returns with exp(−2t)·I0(2t)', () => {
    // I0(2) = 2.2795853023360673, I0(20) = 43558282.55955353
    near(infiniteRingReturn(0), 1);
    near(infiniteRingReturn(1), 2.2795853023360673 * Math.exp(-2));
    near(infiniteRingReturn(10), 43558282.55955353 * Math.exp(-20));
    near(infiniteRingReturn(1e4), (1 + 1 / 160_000) / Math.sqrt(4e4 * Math.PI), 1e-9);
  });

  it('no mass at all has no trace, and large times do not underflow', () => {
    const values = Float64Array.of(3, 4);
    for (const time of [0, 1]) {
      assert.equal(logHeatTrace({ values, masses: Float64Array.of(0, 0) }, time), Number.NEGATIVE_INFINITY);
    }
    assert.equal(logHeatTrace({ values, masses: Float64Array.of(0, 1) }, 1e6), -4e6);
  });

  it('sides, dimensions and weights that make no lattice are refused', () => {
    for (const side of [1, 2.5, Number.NaN]) assert.throws(() => ringEigenvalues(side), /N: must be >= 2/);
    assert.throws(() => latticeSpectrum(1, [1]), /N: must be >= 2/);
    assert.throws(() => torusEigenvalues(0, 4), /D: must be >= 1, got 0/);
    assert.throws(() => torusEigenvalues(3, 80), /N\^D: must be at most 500000 modes/);
    assert.throws(() => latticeSpectrum(4, [1, Number.NaN]), /weights\[1\]: must be finite and >= 0, got NaN/);
    assert.throws(() => latticeSpectrum(4, [-1]), /weights\[0\]/);
    assert.throws(() => latticeSpectrum(400, [1, 0.9, 0.8]), /must give at most 2000000 sums/);
  });
});
