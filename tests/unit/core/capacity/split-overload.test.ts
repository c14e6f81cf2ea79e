import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type OverloadShare, splitOverload } from '../../../../core/capacity/split-overload.ts';

const edge = (fields: Partial<OverloadShare>): OverloadShare => {
  const steady = fields.steady ?? 20;
  return { prio: 5, weight: 1, steady, ceiling: steady, inFlight: null, ...fields };
};
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

describe('splitOverload() (CONTRACT §G)', () => {
  it('cuts the lowest class first, to 10 % of its N_e', () => {
    const classes = [edge({ prio: 7 }), edge({ prio: 5 }), edge({ prio: 2 })];
    assert.deepEqual(splitOverload(50, classes), [20, 20, 10]);
    assert.deepEqual(splitOverload(30, classes), [20, 8, 2]);
    assert.deepEqual(splitOverload(14, classes), [10, 2, 2]);
  });

  it('splits by weight within a class', () => {
    assert.deepEqual(splitOverload(12, [edge({ weight: 2 }), edge({ weight: 1 })]), [8, 4]);
  });

  it('leaves what an edge does not need to the others', () => {
    const quiet = edge({ prio: 9, inFlight: 1.6 });
    assert.deepEqual(splitOverload(20, [quiet, edge({})]), [3, 17]);
  });

  it('hands out what nobody needs as room to grow', () => {
    const calm = [edge({ inFlight: 4 }), edge({ inFlight: 4 })];
    assert.deepEqual(splitOverload(20, calm), [10, 10]);
  });

  it('gives the calls lost by rounding to the highest class', () => {
    const alike = [1, 2, 3, 4, 5].map((prio) => edge({ prio, steady: 4, inFlight: null }));
    assert.equal(total(splitOverload(13, alike)), 13);
    assert.deepEqual(splitOverload(8, [edge({ prio: 1 }), edge({ prio: 1 }), edge({ prio: 1 })]), [3, 3, 2]);
  });

  it('keeps one call for each edge however small N is', () => {
    assert.deepEqual(splitOverload(2, [edge({}), edge({ prio: 9 }), edge({ weight: 0.001 })]), [1, 1, 1]);
  });

  const share = fc
    .record({
      prio: fc.integer({ min: 0, max: 9 }),
      weight: fc.double({ min: 0.001, max: 1000, noNaN: true }),
      steady: fc.integer({ min: 1, max: 200 }),
      spare: fc.integer({ min: 0, max: 50 }),
      inFlight: fc.option(fc.double({ min: 0, max: 300, noNaN: true }), { nil: null }),
    })
    .map(({ spare, ...rest }) => ({ ...rest, ceiling: rest.steady + spare }));

  it('stays within N, wastes none of it, and starves no floor', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 500, noNaN: true }),
        fc.array(share, { minLength: 1, maxLength: 10 }),
        (available, edges) => {
          const split = splitOverload(available, edges);
          const ceilings = total(edges.map((one) => one.ceiling));
          assert.ok(total(split) <= Math.max(Math.floor(available * (1 + 1e-9)), edges.length));
          assert.ok(total(split) >= Math.min(Math.floor(available), ceilings) - 1e-9, 'N left unused');
          split.forEach((calls, i) => {
            assert.ok(Number.isInteger(calls) && calls >= 1 && calls <= (edges[i]?.ceiling ?? 0));
          });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('never gives a higher class less because a lower one needs more', () => {
    fc.assert(
      fc.property(fc.double({ min: 10, max: 200, noNaN: true }), share, share, (available, a, b) => {
        const high = { ...a, prio: 9, inFlight: null };
        const low = { ...b, prio: 0 };
        const [calm = 0] = splitOverload(available, [high, { ...low, inFlight: 0 }]);
        const [pressed = 0] = splitOverload(available, [high, { ...low, inFlight: null }]);
        const floor = Math.max(1, Math.floor(0.1 * low.steady));
        assert.ok(pressed >= Math.min(calm, Math.floor(available) - floor) - 1, `${pressed} after ${calm}`);
      }),
    );
  });
});
