import assert from 'node:assert/strict';
import { SpectrumMemory } from '../../../../core/substrate/spectrum-memory.ts';

const NAMES = ['web', 'checkout', 'payment'];
const calls = (...rates: readonly number[]) => rates.map((rateRps, i) => ({ from: i, to: i + 1, rateRps }));

describe('spectrum memory (MATHS §B9)', () => {
  it('keeps a spectrum while the calls move by no more than 5 % of all of them', () => {
    const memory = new SpectrumMemory();
    const first = memory.of(NAMES, calls(100, 100));
    assert.equal(memory.of(NAMES, calls(104, 96)), first);
    assert.equal(memory.of([...NAMES], calls(110, 100)), first, 'against what it was computed from');
    const moved = memory.of(NAMES, calls(111, 100));
    assert.notEqual(moved, first);
    assert.equal(memory.of(NAMES, calls(102, 100)), moved, 'from then on against the newer one');
  });

  it('follows the topology at once', () => {
    const memory = new SpectrumMemory();
    const first = memory.of(NAMES, calls(100, 1));
    const apart = memory.of(NAMES, calls(100, 0));
    assert.deepEqual([first.zeroMultiplicity, apart.zeroMultiplicity], [1, 2]);
    assert.equal(memory.of(NAMES, calls(100, 1)).zeroMultiplicity, 1, 'a call that comes back');
    assert.equal(memory.of([...NAMES, 'mail'], calls(100, 1)).zeroMultiplicity, 2, 'a node without calls');
    const turned = memory.of(NAMES, [
      { from: 0, to: 1, rateRps: 100 },
      { from: 0, to: 2, rateRps: 1 },
    ]);
    assert.notEqual(turned, first);
    assert.throws(() => memory.of(NAMES, calls(Number.NaN, 1)), RangeError);
  });
});
