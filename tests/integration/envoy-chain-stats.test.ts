import assert from 'node:assert/strict';
import { EDGE_CLUSTER_STATS, NATIVE_REFUSED_STAT, parseEdgeStatName } from '../../core/substrate/edge-stats.ts';
import { LATENCY_BOUNDS_MS } from '../../core/substrate/latency-buckets.ts';
import { type EnvoyChain, startEnvoyChain } from '../support/envoy-chain.ts';
import { edgePlan, planOf, servicePlan } from '../support/plans.ts';
import { until } from '../support/until.ts';

/** What the sidecar folds into frames (CONTRACT §F), as it leaves the real Envoy. */
describe('statistics sink of Envoy', () => {
  let chain: EnvoyChain;

  before(async () => {
    chain = await startEnvoyChain('delta', (endpoint) =>
      planOf(
        servicePlan('payment', {
          endpoints: [endpoint],
          edges: [
            edgePlan('checkout', 'payment', { backstop: { maxTokens: 3, tokensPerFill: 1, fillIntervalMs: 600_000 } }),
            edgePlan('batch', 'payment', { breaker: { maxRequests: 0, maxConnections: 0, maxPendingRequests: 0 } }),
          ],
        }),
      ),
    );
    for (let i = 0; i < 5; i += 1) await chain.call('payment', { 'x-capacity-token': 'checkout' });
    for (let i = 0; i < 2; i += 1) await chain.call('payment', { 'x-capacity-token': 'batch' });
    await until(
      () => lastValue(NATIVE_REFUSED_STAT, 'envoy.local_http_ratelimit_prefix', 'edge/checkout/payment') === 2,
    );
  });
  after(() => chain.stop());

  const lastValue = (family: string, label: string, owner: string): number | undefined =>
    chain.sink.all
      .filter(({ name }) => name === family)
      .flatMap(({ metric }) => metric)
      .findLast((metric) => metric.label.some(({ name, value }) => name === label && value === owner))?.counter?.value;
  const counter = (stat: string, workload: string) =>
    lastValue(`cluster.${stat}`, 'envoy.cluster_name', `edge/${workload}/payment`);

  it('counts attempts, and refusals by breaker and native limit, per edge', async () => {
    await until(() => counter(EDGE_CLUSTER_STATS.attempts, 'checkout') === 3);
    await until(
      () =>
        (counter(EDGE_CLUSTER_STATS.pendingRefused, 'batch') ?? 0) +
          (counter(EDGE_CLUSTER_STATS.activeRefused, 'batch') ?? 0) ===
        2,
    );
    assert.equal(counter(EDGE_CLUSTER_STATS.attempts, 'batch') ?? 0, 0, 'a refusal is no attempt');
  });

  it('gives latencies in our bounds', async () => {
    const histogram = () =>
      chain.sink.all
        .filter(({ name }) => name === `cluster.${EDGE_CLUSTER_STATS.latencyMs}`)
        .flatMap(({ metric }) => metric)
        .find(
          (metric) =>
            metric.label.some(({ value }) => value === 'edge/checkout/payment') &&
            metric.histogram?.sampleCount !== undefined &&
            metric.histogram.sampleCount > 0,
        )?.histogram;
    await until(() => histogram() !== undefined);
    const bounds = histogram()?.bucket.map(({ upperBound }) => upperBound ?? 0) ?? [];
    assert.equal(bounds.length, 63);
    bounds.forEach((bound, k) => {
      const wanted = LATENCY_BOUNDS_MS[k] ?? 0;
      assert.ok(Math.abs(bound - wanted) <= 1e-9 * wanted, `bound ${k}: ${bound}`);
    });
  });

  it('sends nothing of any cluster but edges', () => {
    const owners = chain.sink.all
      .filter(({ name }) => name?.startsWith('cluster.'))
      .flatMap(({ metric }) => metric)
      .flatMap(({ label }) => label.filter(({ name }) => name === 'envoy.cluster_name'))
      .map(({ value }) => value ?? '');
    assert.ok(owners.length > 0);
    for (const owner of new Set(owners)) assert.notEqual(parseEdgeStatName(owner), null, owner);
  });
});
