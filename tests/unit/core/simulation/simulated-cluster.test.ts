import assert from 'node:assert/strict';
import { SimulatedCluster } from '../../../../core/simulation/simulated-cluster.ts';
import { bucketOf } from '../../../support/mesh-fixtures.ts';

describe('simulated Envoy cluster', () => {
  it('holds as many calls as its breaker allows, and counts those that it turns away', () => {
    const cluster = new SimulatedCluster();
    cluster.maxRequests = 2;
    assert.deepEqual([cluster.lets(), cluster.lets(), cluster.lets()], [true, true, false]);
    cluster.ended('good', 5, false);
    assert.equal(cluster.lets(), true);
    const { attempts, breakerRefused, inFlight } = cluster.counters();
    assert.deepEqual({ attempts, breakerRefused, inFlight }, { attempts: 3, breakerRefused: 1, inFlight: 2 });
  });

  it('counts answers in the buckets of Envoy, which tells whole milliseconds', () => {
    const cluster = new SimulatedCluster();
    const latenciesMs = [0.3, 1.9, 7, 33.3, 999.9, 2047.5, 2500, 90_000];
    const buckets = new Array<number>(cluster.counters().latencyBuckets.length).fill(0);
    for (const latencyMs of latenciesMs) {
      cluster.lets();
      cluster.ended('good', latencyMs, false);
      const bucket = bucketOf(Math.floor(latencyMs));
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    const { latencyBuckets, latencySumMs } = cluster.counters();
    assert.deepEqual(latencyBuckets, buckets);
    assert.equal(latencySumMs, 0 + 1 + 7 + 33 + 999 + 2047 + 2500 + 90_000);
  });

  it('tells failures, time-outs and calls that their caller gave up apart', () => {
    const cluster = new SimulatedCluster();
    for (const outcome of ['good', 'failed', 'unreachable', 'timeout'] as const) {
      cluster.lets();
      cluster.ended(outcome, 10, false);
    }
    cluster.lets();
    cluster.cancelled(false);
    const { attempts, failures, timeouts, inFlight, latencyBuckets } = cluster.counters();
    assert.deepEqual(
      { attempts, failures, timeouts, inFlight },
      { attempts: 5, failures: 3, timeouts: 1, inFlight: 0 },
    );
    assert.equal(
      latencyBuckets.reduce((sum, count) => sum + count, 0),
      2,
    );
  });

  it('connects a second time within its retry budget: one, or a share of the calls in flight', () => {
    const cluster = new SimulatedCluster();
    cluster.retryBudgetPercent = 20;
    for (let i = 0; i < 4; i++) cluster.lets();
    assert.deepEqual([cluster.retries(), cluster.retries()], [true, false]);
    for (let i = 0; i < 6; i++) cluster.lets();
    assert.deepEqual([cluster.retries(), cluster.retries()], [true, false]);
    cluster.ended('good', 1, true);
    cluster.lets();
    assert.equal(cluster.retries(), true);
    const { attempts, retries } = cluster.counters();
    assert.deepEqual({ attempts, retries }, { attempts: 11 + 3, retries: 3 });
  });
});
