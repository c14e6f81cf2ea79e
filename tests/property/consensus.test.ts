import assert from 'node:assert/strict';
import fc from 'fast-check';
import { consensusBounds } from '../../core/capacity/consensus.ts';
import { groupAgreement, sharedAcrossChange } from '../../core/capacity/group-agreement.ts';

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

describe('groupAgreement() (CONTRACT §D, C_gauge)', () => {
  const overlap = (a: number, b: number): number => (a & b).toString(2).replaceAll('0', '').length;

  it('lets no group decide twice while one member joins or leaves: old and new quorums have members in common', () => {
    fc.assert(
      fc.property(gauge, fc.integer({ min: 1, max: 6 }), (level, count) => {
        const quorumOf = (n: number) => consensusBounds(level, n, null).quorum;
        const before = setsOf(quorumOf(count), count);
        // Sets are bits: the first members stay, whoever they are, so that one more or one less is all that changes.
        const overlaps = [count - 1, count + 1]
          .filter((n) => n > 0)
          .flatMap((n) => setsOf(quorumOf(n), n).flatMap((b) => before.map((a) => overlap(a, b))));
        assert.equal(Math.min(...overlaps), sharedAcrossChange(level, count));
        assert.ok(Math.min(...overlaps) >= 1);
      }),
    );
  });

  it('holds at any size, also through ⌈C·n⌉ of numbers that binary fractions do not hit', () => {
    fc.assert(
      fc.property(gauge, fc.integer({ min: 1, max: 10_000 }), (level, count) => {
        const agreement = groupAgreement({ members: count, gauge: level, votesPerSec: null });
        assert.ok(agreement.ok && agreement.value.sharedMembers >= 1 && agreement.value.sharedAcrossChange >= 1);
        assert.ok(agreement.value.leaseMs >= 12_000 && agreement.value.leaseMs <= 60_000);
      }),
      { numRuns: 2000 },
    );
  });

  it('says so in a sentence, with what the allocator says', () => {
    const agreement = groupAgreement({ members: 5, gauge: 0.8, votesPerSec: 400 });
    assert.deepEqual(agreement.ok && agreement.value, {
      quorum: 4,
      faultsTolerated: 1,
      sharedMembers: 3,
      proposalsPerSec: 100,
      leaseMs: 21_600,
      sharedAcrossChange: 3,
      why:
        'any two quorums of 4 of 5 have at least 3 members in common, and no member votes for both sides of a split, ' +
        'so only one of them can decide; when one member joins or leaves, old and new quorums still have at least 3 members in common',
    });
  });

  it('names every mistake with its path', () => {
    const agreement = groupAgreement({ members: 2.5, gauge: -0.1, votesPerSec: Number.NaN });
    assert.deepEqual(!agreement.ok && agreement.problems, [
      { path: 'members', message: 'must be a whole number from 1 to 10000 (got 2.5)' },
      { path: 'gauge', message: 'must be within 0 … 1 (got -0.1)' },
      { path: 'votesPerSec', message: 'must be a number above 0 (got NaN)' },
    ]);
  });
});
