import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CLIENT_HEADER_TAILS, REMOVED_HEADER_REGEXES } from '../../../envoy/client-headers.ts';
import { otherThan } from '../../../envoy/other-than.ts';

const matches = (regexes: readonly string[], text: string): boolean =>
  regexes.some((regex) => new RegExp(`^(?:${regex})$`, 's').test(text));

describe('otherThan()', () => {
  it('matches every string but the given words', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '-', '0'), minLength: 1, maxLength: 4 });
    const words = fc.uniqueArray(word, { minLength: 1, maxLength: 6 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '0', '_'), maxLength: 6 });
    fc.assert(
      fc.property(words, text, (excluded, candidate) => {
        const regex = otherThan(excluded);
        assert.equal(matches(regex, candidate), !excluded.includes(candidate));
        for (const each of excluded) assert.ok(!matches(regex, each));
      }),
    );
  });

  it('refuses words that would need escaping', () => {
    assert.throws(() => otherThan(['a.b']));
    assert.throws(() => otherThan(['']));
  });
});

describe('client headers (CONTRACT §F)', () => {
  it('keeps the six that a client may send and removes the rest', () => {
    for (const tail of CLIENT_HEADER_TAILS) assert.ok(!matches(REMOVED_HEADER_REGEXES, `x-capacity-${tail}`), tail);
    for (const tail of ['workload', 'denied', 'tokens', 'toke', 'cpu-ms', 'memory', 'cost-cpu', '', 'priority-x']) {
      assert.ok(matches(REMOVED_HEADER_REGEXES, `x-capacity-${tail}`), tail);
    }
    assert.ok(!matches(REMOVED_HEADER_REGEXES, 'x-capacities'));
  });
});
