import assert from 'node:assert/strict';
import fc from 'fast-check';
import { consensusBounds } from '../../core/capacity/consensus.ts';

const gauge = fc.option(fc.oneof(fc.constantFrom(0, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true })), {
  nil: null,
});
const members = fc.integer({ min: 1, max: 9 });
const votesPerSec = fc.double({ min: 0.001, max: 1e6, noNaN: true });

/** Every set of `size` of `count` members, as bits. */
const setsOf = (size: number, count: number): number[] =>
  Array.from({ length: 2 ** count }, (_, bits) => bits).filter(
    (bits) => bits.toString(2).replaceAll('0', '').length === size,
  );

describe('consensusBounds() (CONTRACT §D, C_gauge)', () => {
  it('lets no two groups of a split decide: any two quorums have members in common', () => {
    fc.assert(
      fc.property(gauge, fc.integer({ min: 1, max: 6 }), (level, count) => {
        const { quorum, sharedMembers } = consensusBounds(level, count, null);
        const quorums = setsOf(quorum, count);
        const overlaps = quorums.flatMap((a) => quorums.map((b) => (a & b).toString(2).replaceAll('0', '').length));
        assert.ok(sharedMembers >= 1);
        assert.equal(Math.min(...overlaps), sharedMembers);
      }),
    );
  });

  it('goes on while as many members are away as it says, and never needs more than there are', () => {
    fc.assert(
      fc.property(gauge, members, (level, count) => {
        const { quorum, faultsTolerated } = consensusBounds(level, count, null);
        assert.ok(quorum <= count && faultsTolerated >= 0);
        assert.equal(count - faultsTolerated, quorum);
        assert.ok(quorum >= (level ?? 0) * count - 1e-6 * count);
      }),
    );
  });

  it('asks for no more votes than the members can cast', () => {
    fc.assert(
      fc.property(gauge, members, votesPerSec, (level, count, capacity) => {
        const { quorum, proposalsPerSec } = consensusBounds(level, count, capacity);
        assert.ok((proposalsPerSec ?? 0) > 0);
        assert.ok((proposalsPerSec ?? 0) * quorum <= capacity * (1 + 1e-12));
      }),
    );
  });

  it('never allows more faults or proposals with more C_gauge', () => {
    const fraction = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fraction, fraction, members, votesPerSec, (a, b, count, capacity) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map((level) => consensusBounds(level, count, capacity));
        assert.ok((more?.faultsTolerated ?? 0) <= (less?.faultsTolerated ?? 0));
        assert.ok((more?.proposalsPerSec ?? 0) <= (less?.proposalsPerSec ?? 0));
      }),
    );
  });

  it('gives five members at 0.8 a quorum of 4, one fault, and a quarter of the votes as proposals', () => {
    assert.deepEqual(consensusBounds(0.8, 5, 400), {
      quorum: 4,
      faultsTolerated: 1,
      sharedMembers: 3,
      proposalsPerSec: 100,
    });
    assert.equal(consensusBounds(0, 5, null).proposalsPerSec, null);
  });

  it('refuses a group of nobody', () => {
    for (const count of [0, -1, 1.5, Number.NaN])
      assert.throws(() => consensusBounds(0.5, count, null), /RangeError: members/);
  });
});
