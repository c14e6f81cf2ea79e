import assert from 'node:assert/strict';
import { AnswerCounts, sumOf } from '../../../demo/traffic/answer-counts.ts';
import { gapSource } from '../../../demo/traffic/arrivals.ts';
import { LatencyHistogram } from '../../../demo/traffic/latency-histogram.ts';
import { parsePhases } from '../../../demo/traffic/parse-phases.ts';

describe('gapSource()', () => {
  it('spaces even calls evenly', () => {
    const gap = gapSource('even', 1);
    assert.deepEqual([gap(400), gap(400), gap(1)], [0.0025, 0.0025, 1]);
  });

  it('draws Poisson gaps with the right mean and variance, the same for the same seed', () => {
    const gap = gapSource('poisson', 7);
    const gaps = Array.from({ length: 20_000 }, () => gap(100));
    const mean = gaps.reduce((sum, g) => sum + g, 0) / gaps.length;
    const variance = gaps.reduce((sum, g) => sum + (g - mean) ** 2, 0) / gaps.length;
    assert.ok(Math.abs(mean / 0.01 - 1) < 0.03, `mean ${mean}`);
    assert.ok(Math.abs(Math.sqrt(variance) / 0.01 - 1) < 0.05, `deviation ${Math.sqrt(variance)}`);
    const again = gapSource('poisson', 7);
    assert.deepEqual(
      gaps.slice(0, 10),
      Array.from({ length: 10 }, () => again(100)),
    );
    assert.notEqual(gapSource('poisson', 8)(100), gaps[0]);
  });
});

describe('AnswerCounts', () => {
  it('tells good answers, refusals with a reason and errors apart', () => {
    const counts = new AnswerCounts();
    for (let i = 0; i < 8; i += 1) counts.offer();
    counts.add({ kind: 'answered', status: 200, denied: null }, 10);
    counts.add({ kind: 'answered', status: 200, denied: null }, 1001);
    counts.add({ kind: 'answered', status: 429, denied: 'budget-exhausted' }, 1);
    counts.add({ kind: 'answered', status: 503, denied: 'breaker-open' }, 1);
    counts.add({ kind: 'answered', status: 503, denied: null }, 1);
    counts.add({ kind: 'answered', status: 504, denied: null }, 1000);
    counts.add({ kind: 'failed', cause: 'ECONNRESET' }, 1);
    counts.overflowed();
    const totals = counts.totals();
    assert.deepEqual([totals.offered, totals.ok, totals.good, totals.overflow], [8, 2, 1, 1]);
    assert.deepEqual(totals.refused, { 'budget-exhausted': 1, 'breaker-open': 1 });
    assert.deepEqual(totals.errors, { 503: 1, 504: 1, ECONNRESET: 1 });
    assert.equal(totals.ok + sumOf(totals.refused) + sumOf(totals.errors) + totals.overflow, totals.offered);
  });
});

describe('LatencyHistogram', () => {
  it('finds quantiles within 5 %', () => {
    const histogram = new LatencyHistogram();
    assert.equal(histogram.quantileMs(0.5), null);
    for (let ms = 1; ms <= 1000; ms += 1) histogram.add(ms);
    for (const quantile of [0.01, 0.5, 0.99]) {
      const found = histogram.quantileMs(quantile) ?? 0;
      assert.ok(found >= quantile * 1000 && found <= quantile * 1050, `${quantile}: ${found}`);
    }
  });
});

describe('parsePhases()', () => {
  it('reads name, seconds and rate', () => {
    assert.deepEqual(parsePhases('calm:10:300,overload:2.5:1600'), [
      { name: 'calm', seconds: 10, rateRps: 300, work: 1 },
      { name: 'overload', seconds: 2.5, rateRps: 1600, work: 1 },
    ]);
  });

  it('reads how heavy calls are', () => {
    assert.deepEqual(parsePhases('heavy:10:30:8'), [{ name: 'heavy', seconds: 10, rateRps: 30, work: 8 }]);
  });

  for (const bad of ['', 'calm', 'calm:10', 'calm:0:300', 'calm:10:-1', 'calm:x:1', 'calm:1:1:0', 'calm:1:1:1:1']) {
    it(`refuses "${bad}"`, () => assert.throws(() => parsePhases(bad), /phases/));
  }
});
