import assert from 'node:assert/strict';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { combinedWeights, latticeWeights } from '../../../../core/framework/axis-weights.ts';
import { checkCapacity, isScalar } from '../../../../core/framework/capacity.ts';
import { hardFilter, powerFilter, softFilter } from '../../../../core/framework/mode-filters.ts';
import { plainSpectrum } from '../../../../core/substrate/heat-trace.ts';

describe('capacity vectors and axis weights (MATHS §A1, §A3)', () => {
  it('every component that is out of range or no number is named in one error', () => {
    assert.throws(() => checkCapacity({ geo: -0.1, int: Number.NaN, gauge: 0, ptr: 1.5, obs: null }), {
      name: 'RangeError',
      message: 'C_geo: must be in [0, 1], got -0.1; C_int: must be finite, got NaN; C_ptr: must be in [0, 1], got 1.5',
    });
  });

  it('null and both ends are allowed; strict mode asks for one axis', () => {
    checkCapacity(UNLIMITED);
    checkCapacity({ ...UNLIMITED, geo: 0, obs: 1 }, { strict: true });
    assert.throws(() => checkCapacity(UNLIMITED, { strict: true }), /At least one capacity axis: must be set/);
  });

  it('scalar mode is C_geo alone', () => {
    assert.equal(isScalar({ ...UNLIMITED, geo: 0 }), true);
    assert.equal(isScalar({ ...UNLIMITED, geo: 1, ptr: 0 }), false);
    assert.equal(isScalar(UNLIMITED), false);
  });

  it('lattice weights refuse NaN and a dimension that is no whole number above 0', () => {
    assert.throws(() => latticeWeights(Number.NaN, 3), /C_geo: must be a number/);
    for (const dims of [0, -1, 1.5, Number.NaN]) assert.throws(() => latticeWeights(0.5, dims), /D: must be positive/);
  });

  it('weights of a vector refuse a capacity outside [0, 1]', () => {
    const spectrum = plainSpectrum([0, 1, 2]);
    assert.throws(() => combinedWeights(spectrum, { ...UNLIMITED, int: 1.2 }), /C_int: must be in \[0, 1\], got 1\.2/);
    assert.deepEqual([...combinedWeights(plainSpectrum([]), { ...UNLIMITED, int: 1 })], []);
  });

  it('filters refuse a capacity outside [0, 1] and NaN', () => {
    for (const capacity of [-0.1, 1.1, Number.NaN]) {
      for (const filter of [hardFilter, softFilter]) {
        assert.throws(() => filter([0, 1], capacity), /C_geo: must be in \[0, 1\]/);
      }
      assert.throws(() => powerFilter([0, 1], capacity, { dims: 2 }), /C_geo: must be in \[0, 1\]/);
    }
  });

  it('the power filter leaves a spectrum of zeros alone', () => {
    assert.deepEqual(powerFilter([0, 0], 0, { dims: 2 }).weights, [1, 1]);
  });
});
