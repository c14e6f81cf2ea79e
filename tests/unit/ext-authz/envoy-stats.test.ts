import assert from 'node:assert/strict';
import { LATENCY_BOUNDS_MS, LATENCY_BUCKET_COUNT } from '../../../core/substrate/latency-buckets.ts';
import { EnvoyStats } from '../../../ext-authz/sinks/fold-metrics.ts';
import { MetricFamily } from '../../../proto/gen/io/prometheus/client/metrics.ts';

const CLUSTER = 'edge/checkout/payment';
const label = (name: string, value: string) => ({ name, value });

const counter = (name: string, value: number, more: { name: string; value: string }[] = []) =>
  MetricFamily.fromPartial({
    name: `cluster.${name}`,
    metric: [{ label: [...more, label('envoy.cluster_name', CLUSTER)], counter: { value } }],
  });

const answers5xx = (value: number) => counter('upstream_rq_xx', value, [label('envoy.response_code_class', '5')]);

const latencies = (counts: Record<number, number>, beyond = 0) => {
  let cumulativeCount = 0;
  const bucket = LATENCY_BOUNDS_MS.map((upperBound, index) => {
    cumulativeCount += counts[index] ?? 0;
    return { upperBound: Number(upperBound.toPrecision(12)), cumulativeCount };
  });
  const histogram = { sampleCount: cumulativeCount + beyond, sampleSum: 40, bucket };
  return MetricFamily.fromPartial({
    name: 'cluster.upstream_rq_time',
    metric: [{ label: [label('envoy.cluster_name', CLUSTER)], histogram }],
  });
};

const only = (stats: EnvoyStats) => {
  const [entry, ...rest] = [...stats.entries()];
  assert.equal(rest.length, 0);
  assert.equal(`${entry?.workload}/${entry?.service}`, 'checkout/payment');
  return entry!.edge.snapshot();
};

describe('EnvoyStats', () => {
  it('sums counters over restarts of Envoy', () => {
    const stats = new EnvoyStats();
    for (const value of [5, 9, 9, 2, 3]) stats.fold([counter('upstream_rq_total', value)], false);
    assert.equal(only(stats).attempts, 12);
  });

  it('starts counting at the first flush, which tells of the time before', () => {
    const stats = new EnvoyStats();
    stats.fold([counter('upstream_rq_total', 1000), latencies({ 3: 9 })], true);
    stats.fold([counter('upstream_rq_total', 1007), latencies({ 3: 7 })], false);
    const { attempts, latencyBuckets } = only(stats);
    assert.equal(attempts, 7);
    assert.equal(latencyBuckets[3], 7);
  });

  it('takes failures from the 5xx answers, less the refusals by the breaker', () => {
    const stats = new EnvoyStats();
    stats.fold(
      [
        answers5xx(11),
        counter('upstream_rq_timeout', 1),
        counter('upstream_rq_active_overflow', 5),
        counter('upstream_rq_pending_overflow', 2),
        counter('upstream_rq_retry', 3),
        counter('upstream_rq_xx', 8, [label('envoy.response_code_class', '2')]),
      ],
      false,
    );
    const { failures, timeouts, breakerRefused, retries } = only(stats);
    assert.deepEqual(
      { failures, timeouts, breakerRefused, retries },
      { failures: 4, timeouts: 1, breakerRefused: 7, retries: 3 },
    );
  });

  it('never takes failures back when a refusal is counted before its answer', () => {
    const stats = new EnvoyStats();
    stats.fold([answers5xx(4)], false);
    assert.equal(only(stats).failures, 4);
    stats.fold([counter('upstream_rq_active_overflow', 3)], false);
    assert.equal(only(stats).failures, 4);
    stats.fold([answers5xx(9), counter('upstream_rq_active_overflow', 4)], false);
    assert.equal(only(stats).failures, 5);
  });

  it('adds the latencies of every flush, the open end last', () => {
    const stats = new EnvoyStats();
    stats.fold([latencies({ 0: 2, 5: 3 })], false);
    stats.fold([latencies({ 5: 1, 62: 1 }, 4)], false);
    const { latencyBuckets, latencySumMs } = only(stats);
    assert.equal(latencyBuckets.length, LATENCY_BUCKET_COUNT);
    assert.deepEqual(
      [0, 5, 62, 63].map((index) => latencyBuckets[index]),
      [2, 4, 1, 4],
    );
    assert.equal(latencySumMs, 80);
  });

  it('puts foreign bounds into the next higher bucket', () => {
    const stats = new EnvoyStats();
    const bucket = [
      { upperBound: 1.3, cumulativeCount: 1 },
      { upperBound: 1e9, cumulativeCount: 2 },
    ];
    const metric = [{ label: [label('envoy.cluster_name', CLUSTER)], histogram: { sampleCount: 2, bucket } }];
    stats.fold([MetricFamily.fromPartial({ name: 'cluster.upstream_rq_time', metric })], false);
    const { latencyBuckets } = only(stats);
    assert.deepEqual([latencyBuckets[2], latencyBuckets[63]], [1, 1]);
  });

  it('reads calls in flight and native refusals', () => {
    const stats = new EnvoyStats();
    const gauge = { label: [label('envoy.cluster_name', CLUSTER)], gauge: { value: 6 } };
    const refused = { label: [label('envoy.local_http_ratelimit_prefix', CLUSTER)], counter: { value: 2 } };
    stats.fold(
      [
        MetricFamily.fromPartial({ name: 'cluster.upstream_rq_active', metric: [gauge] }),
        MetricFamily.fromPartial({ name: 'http_local_rate_limit.rate_limited', metric: [refused] }),
      ],
      false,
    );
    assert.equal(only(stats).inFlight, 6);
    assert.equal(only(stats).nativeRefused, 2);
  });

  it('passes over other clusters and numbers that are none', () => {
    const stats = new EnvoyStats();
    const other = { label: [label('envoy.cluster_name', 'sidecar')], counter: { value: 2 } };
    stats.fold([MetricFamily.fromPartial({ name: 'cluster.upstream_rq_total', metric: [other] })], false);
    assert.deepEqual([...stats.entries()], []);
    for (const value of [Number.NaN, -1, Number.POSITIVE_INFINITY, 4]) {
      stats.fold([counter('upstream_rq_total', value)], false);
    }
    assert.equal(only(stats).attempts, 4);
  });
});
