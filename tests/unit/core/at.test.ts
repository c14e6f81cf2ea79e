import assert from 'node:assert/strict';
import { at } from '../../../core/at.ts';

describe('at()', () => {
  it('is the item of a list or a typed array', () => {
    assert.equal(at(['a', 'b'], 1), 'b');
    assert.equal(at(Float64Array.of(0, 7), 1), 7);
    assert.equal(at([Number.NaN], 0), Number.NaN);
  });

  it('throws where there is none', () => {
    for (const index of [-1, 2, 0.5, Number.NaN]) assert.throws(() => at([1, 2], index), RangeError);
  });
});
