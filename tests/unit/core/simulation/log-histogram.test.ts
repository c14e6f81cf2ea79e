import assert from 'node:assert/strict';
import { LogHistogram } from '../../../../core/simulation/log-histogram.ts';

function histogramOf(values: readonly number[]): LogHistogram {
  const histogram = new LogHistogram();
  for (const value of values) histogram.add(value);
  return histogram;
}

describe('histogram in steps of 1 %', () => {
  it('tells quantiles to 1 % over eight decades', () => {
    for (const scale of [0.01, 1, 1000, 1e5]) {
      const histogram = histogramOf(Array.from({ length: 1000 }, (_, i) => scale * (i + 1)));
      for (const share of [0.01, 0.5, 0.99]) {
        const ratio = histogram.quantile(share) / (scale * 1000 * share);
        assert.ok(Math.abs(ratio - 1) < 0.011, `${share} of ${scale}: ${ratio}`);
      }
    }
  });

  it('tells NaN without values, 0 for what is below its range and its end for what is above', () => {
    assert.ok(Number.isNaN(new LogHistogram().quantile(0.5)));
    assert.equal(histogramOf([0, 0, 5]).quantile(0.5), 0);
    assert.ok(histogramOf([1e12]).quantile(0.5) >= 0.98e8);
  });

  it('adds up and starts again', () => {
    const sum = histogramOf([10]);
    sum.addAll(histogramOf([1000, 1000]));
    assert.equal(sum.count, 3);
    assert.ok(Math.abs(sum.quantile(0.9) / 1000 - 1) < 0.011);
    sum.clear();
    assert.equal(sum.count, 0);
    assert.ok(Number.isNaN(sum.quantile(0.5)));
  });
});
