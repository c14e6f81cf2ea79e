import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fullBucket, levelAt, retryAfterMs, take } from '../../core/capacity/token-bucket.ts';

const DUST = 1e-6;

/** Calls with pauses that empty, fill and overfill a bucket. */
const problem = fc.record({
  rateRps: fc.integer({ min: 1, max: 500 }),
  burst: fc.integer({ min: 1, max: 20 }),
  gapsMs: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30 }), fc.constant(1000)), { maxLength: 60 }),
});

interface Admitted {
  readonly atMs: number;
  readonly calls: number;
}

/** What one more call would leave of σ + ρ·t in the worst of all intervals that end now. */
function leftOver(admitted: readonly Admitted[], rateRps: number, burst: number, nowMs: number): number {
  const starts = [0, ...admitted.map(({ atMs }) => atMs)];
  const left = starts.map((startMs) => {
    const inside = admitted.filter(({ atMs }) => atMs >= startMs).reduce((sum, { calls }) => sum + calls, 0);
    return burst + (rateRps * (nowMs - startMs)) / 1000 - inside - 1;
  });
  return Math.min(burst - 1, ...left);
}

describe('token bucket (CONTRACT §D)', () => {
  it('lets a call pass exactly if every interval keeps within burst + rate × time', () => {
    fc.assert(
      fc.property(problem, ({ rateRps, burst, gapsMs }) => {
        const bucket = fullBucket(burst, 0);
        const admitted: Admitted[] = [];
        let nowMs = 0;
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          const left = leftOver(admitted, rateRps, burst, nowMs);
          const before = { ...bucket };
          const isTaken = take(bucket, rateRps, burst, 1, nowMs);
          if (isTaken) admitted.push({ atMs: nowMs, calls: 1 });
          else assert.deepEqual(bucket, before, 'a refusal changes nothing');
          if (Math.abs(left) > DUST) assert.equal(isTaken, left > 0, `at ${nowMs} ms with ${left} left`);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('says when a refused call may come again: then it passes, and a millisecond before it does not', () => {
    fc.assert(
      fc.property(problem, fc.integer({ min: 1, max: 20 }), ({ rateRps, burst, gapsMs }, calls) => {
        const bucket = fullBucket(burst, 0);
        let nowMs = 0;
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          const asked = Math.min(calls, burst);
          if (take(bucket, rateRps, burst, asked, nowMs)) continue;
          const waitMs = retryAfterMs(levelAt(bucket, rateRps, burst, nowMs), rateRps, asked);
          assert.ok(levelAt(bucket, rateRps, burst, nowMs + waitMs) >= asked - DUST);
          assert.ok(levelAt(bucket, rateRps, burst, nowMs + waitMs - 1) < asked + DUST);
        }
      }),
    );
  });

  it('never gives back what is never refilled', () => {
    assert.equal(retryAfterMs(0, 0, 1), Number.POSITIVE_INFINITY);
    assert.equal(retryAfterMs(1, 0, 1), 0);
  });
});
