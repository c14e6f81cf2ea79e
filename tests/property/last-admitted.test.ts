import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { lastAdmitted } from '../../core/admission/last-admitted.ts';
import { queueGrowth } from '../../core/admission/latency-growth.ts';

const SEED = 20_261_126;
const STEPS = 2 ** 20;

/** The answer of 20 halvings. */
function bisect(excessAt: (step: number) => number): number {
  let [low, high] = [0, STEPS];
  while (high - low > 1) {
    const middle = (low + high) / 2;
    if (excessAt(middle) <= 0) low = middle;
    else high = middle;
  }
  return low;
}

function search(excessAt: (step: number) => number): { readonly step: number; readonly tries: number } {
  let tries = 0;
  const step = lastAdmitted({ step: 0, excess: excessAt(0) }, { step: STEPS, excess: excessAt(STEPS) }, (each) => {
    tries++;
    assert.ok(each > 0 && each < STEPS, `${each} is known already`);
    return excessAt(each);
  });
  return { step, tries };
}

const height = fc.integer({ min: -1000, max: 1000 }).map((n) => n / 1000);
/** Rising, with flat parts, jumps and, from somewhere on, no number. */
const rising = fc
  .record({
    corners: fc.array(fc.tuple(fc.integer({ min: 0, max: STEPS }), height), { minLength: 1, maxLength: 6 }),
    isSteps: fc.boolean(),
    power: fc.constantFrom(0.2, 1, 5),
    endless: fc.option(fc.integer({ min: 1, max: STEPS }), { nil: STEPS + 1 }),
  })
  .map(({ corners, isSteps, power, endless }) => {
    const xs = corners.map(([x]) => x).sort((a, b) => a - b);
    const ys = corners.map(([, y]) => y).sort((a, b) => a - b);
    return (step: number): number => {
      if (step >= endless) return Number.POSITIVE_INFINITY;
      const next = xs.findIndex((x) => x > step);
      if (next <= 0) return next === 0 ? (ys[0] ?? 0) : (ys.at(-1) ?? 0);
      const [x0 = 0, x1 = 1, y0 = 0, y1 = 0] = [xs[next - 1], xs[next], ys[next - 1], ys[next]];
      return isSteps ? y0 : y0 + (y1 - y0) * ((step - x0) / (x1 - x0)) ** power;
    };
  });

describe(`search for the last step that is admitted (seed ${SEED})`, () => {
  it('answers as a bisection does, whatever rises, and needs five tries more at most', () => {
    let searched = 0;
    fc.assert(
      fc.property(rising, (excessAt) => {
        if (!(excessAt(0) <= 0) || excessAt(STEPS) <= 0) return;
        searched++;
        const { step, tries } = search(excessAt);
        assert.equal(step, bisect(excessAt));
        assert.ok(tries <= 25, `${tries} tries`);
      }),
      { seed: SEED, numRuns: 5000 },
    );
    assert.ok(searched > 1000, `${searched} searches`);
  });

  it('needs half of the tries where a queue grows', () => {
    let tries = 0;
    const shares = Array.from({ length: 100 }, (_, i) => (i + 1) / 100);
    for (const share of shares) {
      const found = search((step) => 1 - 0.9 / (queueGrowth(100 + (300 * step) / STEPS, 400, 0.02) * 0.8 * share));
      tries += found.tries;
    }
    assert.ok(tries / shares.length < 10, `${tries / shares.length} on average`);
  });
});
