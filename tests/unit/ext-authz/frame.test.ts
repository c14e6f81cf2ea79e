import assert from 'node:assert/strict';
import { collectEdges, PART_BYTES_MAX, splitFrame } from '../../../ext-authz/reporter/build-frame.ts';
import { HostResources } from '../../../ext-authz/reporter/host-resources.ts';
import { Reporter } from '../../../ext-authz/reporter/reporter.ts';
import { EnvoyStats } from '../../../ext-authz/sinks/fold-metrics.ts';
import { EdgeCounters, Frame } from '../../../proto/gen/capmesh/v1/telemetry.ts';
import { MetricFamily } from '../../../proto/gen/io/prometheus/client/metrics.ts';
import { checkFixture, checkRequest, silentLogger, withToken } from '../../support/check-fixture.ts';
import { claimsOfA, signToken } from '../../support/test-tokens.ts';

const head = {
  mesh: 'shop',
  node: 'node-1',
  instance: 'i',
  seq: 1,
  startMs: 0,
  endMs: 1000,
  durationMs: 1000,
  leaseSeq: 1,
};

describe('frames', () => {
  it('join what the sidecar and Envoy counted on an edge', () => {
    const { authorizer, ledger, key, clock } = checkFixture();
    const token = signToken(key, claimsOfA);
    for (let call = 0; call < 30; call += 1) authorizer.answer(withToken(token));
    authorizer.answer(withToken(token, { 'x-capacity-attempt': '2' }));
    authorizer.answer(checkRequest('payment', {}));
    const stats = new EnvoyStats();
    const label = [{ name: 'envoy.cluster_name', value: 'edge/checkout/payment' }];
    const counter = (name: string, value: number) =>
      MetricFamily.fromPartial({ name: `cluster.${name}`, metric: [{ label, counter: { value } }] });
    stats.fold([counter('upstream_rq_total', 26), counter('upstream_rq_retry', 2)], false);
    const edges = collectEdges(ledger, stats, clock.monotonicMs());
    const checkout = edges.find(({ workload }) => workload === 'checkout');
    assert.equal(checkout?.offered, 31);
    assert.equal(checkout?.admitted, 26);
    assert.deepEqual(checkout?.refused, { 'budget-exhausted': 5 });
    assert.equal(checkout?.admittedLevelMax, 26);
    assert.equal(checkout?.attempts, 26);
    assert.equal(checkout?.retries, 3);
    const unverified = edges.find(({ workload }) => workload === '~unverified');
    assert.deepEqual([unverified?.service, unverified?.refused], ['payment', { 'token-missing': 1 }]);
    assert.equal(edges.length, 2);
  });

  it('tell of latency buckets up to the last one with answers', () => {
    const { ledger, clock } = checkFixture();
    const stats = new EnvoyStats();
    const label = [{ name: 'envoy.cluster_name', value: 'edge/checkout/payment' }];
    const bucket = [1, 1.2, 1.44, 1.728].map((upperBound, k) => ({ upperBound, cumulativeCount: k < 2 ? 0 : 7 }));
    const histogram = { sampleCount: 7, sampleSum: 9, bucket };
    stats.fold([MetricFamily.fromPartial({ name: 'cluster.upstream_rq_time', metric: [{ label, histogram }] })], false);
    const checkout = collectEdges(ledger, stats, clock.monotonicMs()).find(({ workload }) => workload === 'checkout');
    assert.deepEqual(checkout?.latencyBuckets, [0, 0, 7]);
  });

  it('give the largest admitted level of their own interval only', () => {
    const { authorizer, ledger, key, clock } = checkFixture();
    const token = signToken(key, claimsOfA);
    const levelMax = () =>
      Math.round(collectEdges(ledger, new EnvoyStats(), clock.monotonicMs())[0]?.admittedLevelMax ?? -1);
    for (let call = 0; call < 12; call += 1) authorizer.answer(withToken(token));
    assert.equal(levelMax(), 12);
    clock.advance(15);
    assert.equal(levelMax(), 12);
    clock.advance(1000);
    assert.equal(levelMax(), 8);
    assert.equal(levelMax(), 0);
  });

  it('are split into parts of at most 256 KiB that lose nothing', () => {
    const edges = Array.from({ length: 4000 }, (_, each) =>
      EdgeCounters.fromPartial({ workload: `w${each}`, service: 'payment', latencyBuckets: new Array(64).fill(1000) }),
    );
    const parts = splitFrame(head, edges, undefined);
    assert.ok(parts.length > 1);
    const frames = parts.map((part) => Frame.decode(part));
    for (const part of parts) assert.ok(part.length <= PART_BYTES_MAX);
    assert.deepEqual(
      frames.map(({ part, parts: of, seq }) => [part, of, seq]),
      parts.map((_, part) => [part, parts.length, 1]),
    );
    assert.deepEqual(
      frames.flatMap((frame) => frame.edges.map(({ workload }) => workload)),
      edges.map(({ workload }) => workload),
    );
  });

  it('carry the resources of the host in the first part', () => {
    const host = new HostResources();
    const texts = {
      stat: 'cpu  100 0 100 700 100 0 0 0 0 0\n',
      meminfo: 'MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    400 kB\n',
      netDev: 'Inter-| Receive\n face |bytes\n    lo: 5 0 0 0 0 0 0 0 5 0\n  eth0: 10 0 0 0 0 0 0 0 20 0\n',
      diskstats: '   8 0 sda 1 0 2 0 1 0 4 0\n   8 1 sda1 1 0 2 0 1 0 4 0\n',
    };
    assert.equal(host.fromTexts(texts).cpuRatio, 0);
    const sample = host.fromTexts({ ...texts, stat: 'cpu  130 0 130 720 120 0 0 0 0 0\n' });
    assert.deepEqual(sample, {
      cpuRatio: 0.6,
      memoryUsedBytes: 600 * 1024,
      memoryTotalBytes: 1000 * 1024,
      networkBytes: 30,
      diskBytes: 3072,
    });
    const frames = splitFrame(head, [], sample).map((part) => Frame.decode(part));
    assert.deepEqual(frames[0]?.resources, sample);
  });

  it('are dropped and counted when they cannot be sent, and sent again later', async () => {
    const { ledger, clock } = checkFixture();
    let reachable = false;
    let settle: () => void = () => {};
    const reporter = new Reporter({
      mesh: 'shop',
      node: 'node-1',
      instance: 'i',
      ledger,
      stats: () => new EnvoyStats(),
      clock,
      publish: () => {
        setImmediate(() => settle());
        if (!reachable) throw new Error('away');
        return true;
      },
      sampleResources: async () => undefined,
      logger: silentLogger,
    });
    reporter.start();
    const tried = () =>
      new Promise<void>((resolve) => {
        settle = resolve;
        reporter.flush();
      });
    await tried();
    reachable = true;
    await tried();
    reporter.stop();
    assert.deepEqual([reporter.sent, reporter.dropped], [1, 1]);
  });
});
