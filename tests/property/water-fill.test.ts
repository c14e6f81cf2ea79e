import assert from 'node:assert/strict';
import fc from 'fast-check';
import { waterFill } from '../../core/capacity/water-fill.ts';

/** Raise the level in small steps of its own: halve the interval until the shares add to the capacity. */
function oracle(capacity: number, demands: readonly number[], weights: readonly number[]): number[] {
  const sharesAt = (level: number): number[] => demands.map((demand, i) => Math.min(demand, level * (weights[i] ?? 0)));
  let low = 0;
  let high = Math.max(0, ...demands.map((demand, i) => demand / (weights[i] ?? 1)));
  if (total(sharesAt(high)) <= capacity) return sharesAt(high);
  for (let round = 0; round < 200; round += 1) {
    const middle = (low + high) / 2;
    if (total(sharesAt(middle)) > capacity) high = middle;
    else low = middle;
  }
  return sharesAt(low);
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const real = (min: number, max: number) => fc.double({ min, max, noNaN: true });

/** Demands lean to zero and to ties, weights to extremes. */
const pairs = fc.array(
  fc.record({
    demand: fc.oneof(fc.constantFrom(0, 1, 100), real(0, 1000)),
    weight: fc.oneof(fc.constantFrom(0.001, 1, 1000), real(0.001, 1000)),
  }),
  { maxLength: 12 },
);
const problem = fc.record({ capacity: fc.oneof(fc.constant(0), real(0, 5000)), pairs });

const solve = ({ capacity, pairs: all }: { capacity: number; pairs: { demand: number; weight: number }[] }) => {
  const demands = all.map((pair) => pair.demand);
  const weights = all.map((pair) => pair.weight);
  return { capacity, demands, weights, shares: waterFill(capacity, demands, weights) };
};

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-7 * Math.max(1, Math.abs(a), Math.abs(b));

describe('waterFill() (CONTRACT §D)', () => {
  it('agrees with the level found by bisection', () => {
    fc.assert(
      fc.property(problem, (input) => {
        const { capacity, demands, weights, shares } = solve(input);
        oracle(capacity, demands, weights).forEach((expected, i) => {
          assert.ok(near(shares[i] ?? Number.NaN, expected), `share ${i}: ${shares[i]}, expected ${expected}`);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('hands out all that is asked for or all there is, and no more', () => {
    fc.assert(
      fc.property(problem, (input) => {
        const { capacity, demands, shares } = solve(input);
        assert.ok(near(total(shares), Math.min(capacity, total(demands))));
        shares.forEach((share, i) => {
          assert.ok(share >= 0 && share <= (demands[i] ?? 0));
        });
      }),
    );
  });

  it('scales with its unit', () => {
    fc.assert(
      fc.property(problem, real(0.01, 100), (input, unit) => {
        const { capacity, demands, weights, shares } = solve(input);
        const scaled = waterFill(
          capacity * unit,
          demands.map((demand) => demand * unit),
          weights,
        );
        scaled.forEach((share, i) => {
          assert.ok(near(share, unit * (shares[i] ?? Number.NaN)));
        });
      }),
    );
  });

  it('gives nobody less when there is more', () => {
    fc.assert(
      fc.property(problem, real(0, 1000), (input, more) => {
        const { capacity, demands, weights, shares } = solve(input);
        waterFill(capacity + more, demands, weights).forEach((share, i) => {
          assert.ok(share >= (shares[i] ?? Number.NaN) - 1e-7);
        });
      }),
    );
  });

  it('refuses lists of different length', () => {
    assert.throws(() => waterFill(1, [1, 2], [1]), RangeError);
  });
});
