import assert from 'node:assert/strict';
import { amplitudeSpectrum } from '../../../../core/numeric/amplitude-spectrum.ts';
import { fitLine } from '../../../../core/numeric/fit-line.ts';
import { gradient } from '../../../../core/numeric/gradient.ts';
import { geometricGrid, linearGrid } from '../../../../core/numeric/grid.ts';
import { correlation, quantile, sum } from '../../../../core/numeric/statistics.ts';

describe('numeric primitives (MATHS §A5)', () => {
  it('gradient refuses fewer than two points and lists of different lengths', () => {
    assert.throws(() => gradient([1], [1]), /x, y: must have equal lengths of 2 or more, got 1 and 1/);
    assert.throws(() => gradient([1, 2, 3], [1, 2]), /got 3 and 2/);
  });

  it('gradient is exact for parabolas inside an uneven grid', () => {
    const x = [0, 1, 4, 4.5, 9];
    const got = gradient(
      x,
      x.map((value) => value * value),
    );
    for (const i of [1, 2, 3]) assert.ok(Math.abs((got[i] ?? 0) - 2 * (x[i] ?? 0)) < 1e-12);
    assert.equal(got[0], 1);
  });

  it('quantile refuses a share outside [0, 1] and NaN', () => {
    for (const q of [-0.1, 1.1, Number.NaN]) assert.throws(() => quantile([1, 2], q), /q: must be in \[0, 1\]/);
  });

  it('grids end exactly where they are told to and refuse fewer than two points', () => {
    assert.deepEqual([geometricGrid(0.1, 200, 7).at(0), geometricGrid(0.1, 200, 7).at(-1)], [0.1, 200]);
    assert.deepEqual(linearGrid(0, 1, 5), [0, 0.25, 0.5, 0.75, 1]);
    assert.throws(() => linearGrid(0, 1, 1), /points: must be a whole number >= 2, got 1/);
    assert.throws(() => geometricGrid(0, 1, 3), /lo, hi: must be > 0, got 0 and 1/);
  });

  it('a constant series has an exact line and no correlation', () => {
    assert.deepEqual(fitLine([0, 1, 2], [4, 4, 4]), { slope: 0, intercept: 4, rSquared: 1, residualMax: 0 });
    assert.equal(correlation([0, 1, 2], [4, 4, 4]), Number.NaN);
  });

  it('sums a million small numbers to their last digits', () => {
    const values = new Float64Array(1_000_000).fill(0.1);
    assert.ok(Math.abs(sum(values) - 100_000) < 1e-10);
  });

  it('the amplitude spectrum of a wave has one peak, at its frequency', () => {
    const wave = Array.from({ length: 48 }, (_, j) => 7 + 3 * Math.cos((2 * Math.PI * 5 * j) / 48));
    const spectrum = amplitudeSpectrum(wave);
    assert.equal(spectrum.length, 24);
    spectrum.forEach((value, k) => {
      assert.ok(Math.abs(value - (k === 5 ? 72 : 0)) < 1e-10, `${k}: ${value}`);
    });
  });
});
