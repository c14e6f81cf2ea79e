import assert from 'node:assert/strict';
import { latencyFell, mean, standardError } from '../../../../core/stability/latency-fall.ts';
import { seededRandom } from '../../../support/random.ts';

const series = (seed: number, ticks: number, middle: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: ticks }, () => middle + 0.05 * random.normal());
};

describe('whether a latency fell (MATHS §B4)', () => {
  it('is seen where it fell by more than noise, and by 2 % at least', () => {
    assert.equal(latencyFell(series(1, 20, 3), series(2, 20, 2.8)), true);
    assert.equal(latencyFell(series(1, 20, 3), series(2, 20, 3)), false);
    assert.equal(latencyFell(series(1, 20, 3), series(2, 20, 3.2)), false);
    assert.equal(latencyFell(new Array<number>(20).fill(3), new Array<number>(20).fill(2.99)), false);
    assert.equal(latencyFell(new Array<number>(20).fill(3), new Array<number>(20).fill(2.97)), true);
  });

  it('cannot be told from fewer than five ticks on either side', () => {
    assert.equal(latencyFell(series(1, 4, 3), series(2, 20, 2)), null);
    assert.equal(latencyFell(series(1, 20, 3), series(2, 4, 2)), null);
  });

  it('has an error that is unknown for one tick, none for equal ticks, and larger for a series with memory', () => {
    assert.equal(standardError([3]), Number.POSITIVE_INFINITY);
    assert.equal(standardError([3, 3, 3]), 0);
    const independent = [1, 2, 1, 2, 1, 2, 1, 2];
    const slow = [1, 1, 1, 1, 2, 2, 2, 2];
    assert.equal(mean(independent), mean(slow));
    assert.ok(standardError(slow) > standardError(independent));
  });
});
