import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { latencyGrowth, queueGrowth } from '../../../../core/admission/latency-growth.ts';
import { poolScene } from '../../../support/admission-scenes.ts';

/** Response time of M/M/n over its service time, by Erlang's C. */
function erlangGrowth(utilisation: number, servers: number): number {
  const offered = utilisation * servers;
  let [term, sum] = [1, 1];
  for (let n = 1; n < servers; n++) {
    term *= offered / n;
    sum += term;
  }
  const last = (term * offered) / servers / (1 - utilisation);
  return 1 + last / (sum + last) / (servers * (1 - utilisation));
}

describe('growth of latency with load (MATHS §B7)', () => {
  it('is 1/(1−ρ) with one server', () => {
    for (const utilisation of [0, 0.3, 0.9]) {
      assert.ok(Math.abs(queueGrowth(100 * utilisation, 100, 0) - 1 / (1 - utilisation)) < 1e-9);
    }
  });

  it('follows the exact M/M/n within 5 %', () => {
    for (const servers of [2, 8, 40]) {
      for (const utilisation of [0.2, 0.5, 0.8, 0.95]) {
        const [near, exact] = [
          queueGrowth(utilisation * 50 * servers, 50 * servers, 0.02),
          erlangGrowth(utilisation, servers),
        ];
        assert.ok(Math.abs(near / exact - 1) < 0.05, `${near} instead of ${exact} at ${utilisation} of ${servers}`);
      }
    }
  });

  it('stays a number at capacity and beyond', () => {
    assert.ok(queueGrowth(400, 400, 0.02) > 100);
    assert.equal(queueGrowth(4000, 400, 0.02), queueGrowth(400, 400, 0.02));
    const full = poolScene('payment', { loadRps: 500 });
    assert.deepEqual(latencyGrowth(full, 600, 400), { factor: 1, isLowerBound: false });
  });

  it('falls when a service is made larger, and cannot be told when its capacity is no longer known', () => {
    const pool = poolScene('payment', { loadRps: 300 });
    assert.equal(latencyGrowth(pool, 300, 800).factor, queueGrowth(300, 800, 0.02) / queueGrowth(300, 400, 0.02));
    assert.deepEqual(latencyGrowth(pool, 300, null), { factor: 1, isLowerBound: true });
  });
});
