import assert from 'node:assert/strict';
import { edgeBurst, sliceBurst, tokenLimit } from '../../../../core/capacity/burst.ts';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { errorThreshold } from '../../../../core/capacity/error-threshold.ts';
import { grantQuorum, leaseMs } from '../../../../core/capacity/gauge.ts';
import { activeGeoLevels, endpointsPerLevel, geoWeights } from '../../../../core/capacity/geo-levels.ts';
import { liveCapacity, maxCapacity, sumLiveGrants } from '../../../../core/capacity/live-capacity.ts';
import { observationLimits } from '../../../../core/capacity/observation.ts';
import { guaranteedShares } from '../../../../core/capacity/rate-limits.ts';
import { retryBudgetPercent } from '../../../../core/capacity/retry-budget.ts';
import { ceilShare, floorShare } from '../../../../core/capacity/rounding.ts';

describe('numbers per axis (CONTRACT §D)', () => {
  it('C_geo switches levels on one after another', () => {
    assert.deepEqual(geoWeights(0.5), [1, 1, 0.5, 0, 0]);
    assert.deepEqual(geoWeights(null), [1, 1, 1, 1, 1]);
    assert.deepEqual([0, 0.2, 0.21, 0.6, 1, null].map(activeGeoLevels), [0, 1, 2, 3, 5, 5]);
    assert.deepEqual(endpointsPerLevel(0.5, [1, 2, 3, 10, 100]), [1, 2, 2, 0, 0]);
    assert.deepEqual(endpointsPerLevel(null, [1, 2, 3]), [1, 2, 3, 0, 0]);
  });

  it('C_gauge shortens leases and never lets a minority answer', () => {
    assert.deepEqual([null, 0, 0.5, 1].map(leaseMs), [60_000, 60_000, 36_000, 12_000]);
    assert.deepEqual(
      [0, 0.5, 0.7, 1].map((gauge) => grantQuorum(gauge, 5)),
      [3, 3, 4, 5],
    );
    assert.equal(grantQuorum(null, 1), 1);
    assert.equal(grantQuorum(0, 4), 3);
  });

  it('C_obs pays for traces, log lines and series; null = 0.1', () => {
    assert.deepEqual(observationLimits(0.3), {
      traceSamplingPercent: 30,
      accessLogLinesPerSec: 300,
      seriesPerTenant: 3000,
    });
    assert.deepEqual(observationLimits(null), observationLimits(0.1));
    assert.equal(observationLimits(0).accessLogLinesPerSec, 0);
  });

  it('C_int sizes the retry budget; null counts 1', () => {
    assert.deepEqual([0.5, null].map(retryBudgetPercent), [10, 20]);
  });

  it('C_int bears fewer errors the larger it is, but always one call in ten; null counts 1', () => {
    assert.deepEqual([0, 0.2, 0.75, 0.95, 1, null].map(errorThreshold), [1, 0.8, 0.25, 0.1, 0.1, 0.1]);
  });

  it('load estimates are shared out like rates', () => {
    assert.deepEqual(guaranteedShares(4000, [0.8, 0.5], [2, 1]), [2666.6666666666665, 1333.3333333333335]);
  });

  it('rounds past the dust of decimal fractions, and never to no call at all', () => {
    assert.equal(ceilShare(0.1 * 30), 3);
    assert.equal(floorShare(0.29 * 100), 29);
    assert.equal(ceilShare(1e-300), 1);
    assert.ok(Object.is(ceilShare(0), 0));
  });
});

describe('bursts (CONTRACT §D)', () => {
  it('are at least 25 calls, of one slice at least 5', () => {
    assert.deepEqual([0, 100, 1000].map(edgeBurst), [25, 25, 200]);
    assert.deepEqual([sliceBurst(100, 0.5), sliceBurst(25, 0.1)], [50, 5]);
  });

  it('of a token shrink with its fraction and with the share of its sidecar', () => {
    assert.deepEqual(tokenLimit(0.5, { rateRps: 100, burst: 100 }, 100), { rateRps: 50, burst: 50 });
    assert.deepEqual(tokenLimit(0.5, { rateRps: 50, burst: 50 }, 100), { rateRps: 25, burst: 25 });
    assert.deepEqual(tokenLimit(0.1, { rateRps: 10, burst: 10 }, 100), { rateRps: 1, burst: 5 });
    assert.deepEqual(tokenLimit(null, { rateRps: 100, burst: 100 }, 100), { rateRps: 100, burst: 100 });
  });
});

describe('live capacity (CONTRACT §C)', () => {
  const grant = { geo: 0.2, int: 0.5, gauge: null, ptr: null, obs: 0.1 };

  it('adds grants on int, ptr, obs, a null counting 1, and takes the largest level', () => {
    const other = { geo: 0.6, int: 0.25, gauge: 0.5, ptr: 0.5, obs: 0 };
    assert.deepEqual(sumLiveGrants([grant, other]), { geo: 0.6, int: 0.75, gauge: null, ptr: 1.5, obs: 0.1 });
    assert.deepEqual(sumLiveGrants([]), UNLIMITED);
  });

  it('is the budget times the grants, at most the budget; a level is the smaller of both', () => {
    const budget = { geo: 0.4, int: 0.8, gauge: 0.5, ptr: 0.75, obs: null };
    const live = liveCapacity(budget, sumLiveGrants([grant]));
    assert.deepEqual(live, { geo: 0.2, int: 0.4, gauge: 0.5, ptr: 0.75, obs: null });
    assert.deepEqual(liveCapacity(budget, sumLiveGrants([grant, grant, grant])).int, 0.8);
    assert.deepEqual(liveCapacity(budget, undefined), budget);
    assert.equal(liveCapacity(UNLIMITED, sumLiveGrants([grant])).geo, 0.2);
  });

  it('has as its maximum what any edge has', () => {
    const a = { geo: null, int: 0.5, gauge: 0, ptr: null, obs: 1 };
    const b = { geo: null, int: 0.2, gauge: null, ptr: 0.3, obs: 0 };
    assert.deepEqual(maxCapacity([a, b]), { geo: null, int: 0.5, gauge: 0, ptr: 0.3, obs: 1 });
  });
});
