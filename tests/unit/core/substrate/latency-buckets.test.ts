import assert from 'node:assert/strict';
import {
  LATENCY_BOUNDS_MS,
  LATENCY_BUCKET_COUNT,
  LATENCY_MIDPOINTS_MS,
  latencyBucket,
  latencyQuantileMs,
  logMoments,
} from '../../../../core/substrate/latency-buckets.ts';

const only = (bucket: number, answers: number): number[] =>
  Array.from({ length: LATENCY_BUCKET_COUNT }, (_, k) => (k === bucket ? answers : 0));

describe('latency buckets (CONTRACT §F)', () => {
  it('count half a millisecond for the first bucket and stay finite in the last', () => {
    assert.equal(LATENCY_MIDPOINTS_MS[0], 0.5);
    assert.ok(LATENCY_MIDPOINTS_MS.every(Number.isFinite));
    assert.equal(logMoments(only(0, 10)).sum, 10 * Math.log(0.5));
  });

  it('hold what is above the bound before and not above their own', () => {
    assert.deepEqual([0, 0.3, 1, 1.01].map(latencyBucket), [0, 0, 0, 1]);
    for (const [bucket, bound] of LATENCY_BOUNDS_MS.entries()) {
      assert.deepEqual([latencyBucket(bound), latencyBucket(bound * 1.001)], [bucket, bucket + 1]);
    }
    assert.equal(latencyBucket(Number.POSITIVE_INFINITY), LATENCY_BUCKET_COUNT - 1);
  });

  it('give mean and variance of ln(latency)', () => {
    const { count, sum, squares } = logMoments(only(16, 40).map((answers, k) => answers + (k === 18 ? 60 : 0)));
    const [low, high] = [Math.log(LATENCY_MIDPOINTS_MS[16] ?? 0), Math.log(LATENCY_MIDPOINTS_MS[18] ?? 0)];
    assert.equal(count, 100);
    assert.ok(Math.abs(sum / count - (0.4 * low + 0.6 * high)) < 1e-12);
    assert.ok(Math.abs(squares / count - (sum / count) ** 2 - 0.24 * (high - low) ** 2) < 1e-9);
  });

  it('find quantiles inside a bucket', () => {
    assert.equal(latencyQuantileMs([], 0.5), null);
    assert.equal(latencyQuantileMs(only(0, 4), 0.5), 0.5);
    const p99 = latencyQuantileMs(only(17, 1000), 0.99) ?? 0;
    assert.ok(p99 > 1.2 ** 16 && p99 < 1.2 ** 17);
    assert.equal(latencyQuantileMs(only(63, 3), 0.5), 1.2 ** 62);
  });
});
