import assert from 'node:assert/strict';
import { connect as connectHttp2, createServer as createHttp2Server, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { BucketPlan, CapacityPlan } from '../../core/allocators/capacity-plan.ts';
import { type Answer, type EnvoyChain, startEnvoyChain } from '../support/envoy-chain.ts';
import { edgePlan, planOf, servicePlan } from '../support/plans.ts';
import { allow, deny, startAuthorizer } from '../support/test-authorizer.ts';
import { until } from '../support/until.ts';

/** A bucket that never fills again while a test runs. */
const only = (maxTokens: number): BucketPlan => ({ maxTokens, tokensPerFill: 1, fillIntervalMs: 600_000 });
const breaker = (maxRequests: number) => ({
  maxRequests,
  maxConnections: 2 * maxRequests,
  maxPendingRequests: maxRequests,
});

interface Knobs {
  readonly maxRequests?: number;
  readonly backstop?: number;
  readonly timeoutMs?: number;
}

function planFor(
  endpoint: string,
  { maxRequests = 16, backstop = 1_000, timeoutMs = 5_000 }: Knobs = {},
): CapacityPlan {
  const service = (name: string, rest: object) =>
    servicePlan(name, {
      endpoints: [endpoint],
      timeoutMs,
      edges: [edgePlan('checkout', name, { breaker: breaker(maxRequests), backstop: only(backstop) })],
      unverified: only(3),
      ...rest,
    });
  return planOf(
    service('payment', {}),
    service('ledger', { authorizerDown: 'closed' }),
    service('search', { authorizerDown: 'open', unverified: null }),
  );
}

const reasonOf = ({ headers, body }: Answer) => [headers['x-capacity-denied'], JSON.parse(body).reason];

/** The real Envoy with our configuration and a small authorizer (CONTRACT §F). */
for (const mode of ['delta', 'sotw'] as const) {
  describe(`chain through Envoy, ${mode}`, () => {
    let chain: EnvoyChain;
    const checkout = { 'x-capacity-token': 'checkout' };

    before(async () => {
      chain = await startEnvoyChain(mode, (endpoint) => planFor(endpoint));
    });
    after(() => chain.stop());

    it('routes by the verified workload and hides the token from the service', async () => {
      const before = await chain.envoy.stat('cluster.edge/checkout/payment.upstream_rq_total');
      const { status, body } = await chain.call('payment:8080', { ...checkout, 'x-capacity-cpu': '3' });
      assert.equal(status, 200);
      const seen = JSON.parse(body);
      assert.equal(seen['x-capacity-workload'], 'checkout');
      assert.equal(seen['x-capacity-priority'], '7');
      assert.equal(seen['x-capacity-cpu'], '3');
      assert.equal(seen['x-capacity-token'], undefined);
      assert.equal(await chain.envoy.stat('cluster.edge/checkout/payment.upstream_rq_total'), before + 1);
      assert.deepEqual(chain.authorizer.asked.at(-1)?.attributes?.contextExtensions, { service: 'payment' });
    });

    it('removes what a client may not say before it routes or asks', async () => {
      const spoofed = {
        'x-capacity-workload': 'checkout',
        'x-capacity-cost-cpu': '1',
        'x-envoy-auth-failure-mode-allowed': 'true',
        'x-envoy-retry-on': '5xx',
      };
      const count = chain.echo.seen.length;
      const { status } = await chain.call('payment', spoofed);
      assert.equal(status, 401);
      const asked = chain.authorizer.asked.at(-1)?.attributes?.request?.http?.headers ?? {};
      assert.deepEqual(Object.keys(asked), ['x-request-id']);
      assert.equal(chain.echo.seen.length, count, 'the service saw nothing');
      const { body } = await chain.call('payment', { ...checkout, ...spoofed });
      for (const name of Object.keys(spoofed).slice(1)) assert.equal(JSON.parse(body)[name], undefined, name);
    });

    it('refuses a workload that has no edge', async () => {
      const answer = await chain.call('payment', { 'x-capacity-token': 'stranger' });
      assert.equal(answer.status, 503);
      assert.deepEqual(reasonOf(answer), ['internal', 'internal']);
      assert.equal((await chain.call('nobody', checkout)).status, 404);
    });

    it("leaves the authorizer's own denials as they are, also 503 and 429", async () => {
      const { answer } = chain.authorizer;
      for (const [status, reason] of [
        [403, 'edge-not-entitled'],
        [429, 'budget-exhausted'],
        [503, 'shed-priority'],
      ] as const) {
        chain.authorizer.answer = () => deny(status, reason);
        const denied = await chain.call('payment', checkout);
        assert.deepEqual(
          [denied.status, denied.headers['x-capacity-denied'], denied.body],
          [status, reason, JSON.stringify({ reason })],
        );
      }
      chain.authorizer.answer = answer;
    });

    it('moves the breaker live, without touching the cluster', async () => {
      chain.echo.holding = true;
      const burst = async (calls: number, heldAfter: number): Promise<Answer[]> => {
        const refused: Answer[] = [];
        const heldBefore = chain.echo.held;
        for (let i = 0; i < calls; i += 1) void chain.call('payment', checkout).then((answer) => refused.push(answer));
        await until(() => chain.echo.held === heldAfter && refused.length === calls - (heldAfter - heldBefore));
        return refused;
      };
      await chain.apply(planFor(chain.echo.endpoint, { maxRequests: 3 }));
      const refused = await burst(10, 3);
      assert.ok(refused.every(({ status }) => status === 503));
      const [first] = refused;
      assert.ok(first !== undefined);
      assert.deepEqual(reasonOf(first), ['breaker-open', 'breaker-open']);
      assert.equal(JSON.parse(first.body).edge, 'checkout/payment');
      assert.equal(first.headers['retry-after'], '1');
      await chain.apply(planFor(chain.echo.endpoint, { maxRequests: 5 }));
      assert.equal((await burst(10, 5)).length, 8);
      chain.echo.holding = false;
      chain.echo.release();
      await chain.apply(planFor(chain.echo.endpoint, { maxRequests: 0 }));
      assert.equal((await chain.call('payment', checkout)).status, 503, 'a fence');
      await chain.apply(planFor(chain.echo.endpoint));
      assert.equal((await chain.call('payment', checkout)).status, 200);
      assert.equal(await chain.envoy.stat('cluster_manager.cluster_modified'), 0);
      assert.equal(await chain.envoy.stat('cluster_manager.warming_clusters'), 0);
    });

    it('takes a budget edit as new routes only, and refuses past the backstop with our reason', async () => {
      await chain.apply(planFor(chain.echo.endpoint, { backstop: 2 }));
      const statuses: number[] = [];
      for (let i = 0; i < 4; i += 1) statuses.push((await chain.call('payment', checkout)).status);
      assert.deepEqual(statuses, [200, 200, 429, 429]);
      const refused = await chain.call('payment', checkout);
      assert.deepEqual(reasonOf(refused), ['budget-exhausted', 'budget-exhausted']);
      assert.equal(refused.headers['retry-after'], '1');
      assert.equal(await chain.envoy.stat('edge/checkout/payment.http_local_rate_limit.rate_limited'), 3);
      assert.equal(await chain.envoy.stat('cluster_manager.cluster_modified'), 0);
      const grpc = await chain.call('payment', { ...checkout, 'content-type': 'application/grpc' });
      assert.deepEqual([grpc.status, grpc.headers['grpc-status']], [200, '8'], 'RESOURCE_EXHAUSTED, not UNAVAILABLE');
      await chain.apply(planFor(chain.echo.endpoint));
    });

    it('ends the warming of a changed cluster at once', async () => {
      const modified = await chain.envoy.stat('cluster_manager.cluster_modified');
      const { p99Ms } = await chain.apply(planFor(chain.echo.endpoint, { timeoutMs: 900 }));
      assert.ok(p99Ms < 1_500, `${p99Ms} ms: it waited for the fetch time-out of its endpoints (2 s)`);
      assert.equal(await chain.envoy.stat('cluster_manager.warming_clusters'), 0);
      assert.ok((await chain.envoy.stat('cluster_manager.cluster_modified')) > modified);
      assert.equal((await chain.call('payment', checkout)).status, 200);
    });

    it('logs no warning about the configuration', () => assert.equal(chain.envoy.log(), ''));

    it('speaks HTTP/2 to the service where the caller does', async () => {
      const upstream = createHttp2Server((request, response) => response.end(request.httpVersion));
      await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
      await chain.apply(planFor(`127.0.0.1:${(upstream.address() as AddressInfo).port}`));
      const client = connectHttp2(`http://127.0.0.1:${chain.envoy.meshPort}`);
      const stream = client.request({ ':authority': 'payment', ...checkout });
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      assert.equal(Buffer.concat(chunks).toString(), '2.0');
      client.close();
      await chain.apply(planFor(chain.echo.endpoint));
      upstream.close();
    });

    it('counts every HTTP/2 stream of a connection against the breaker', async () => {
      const open: Http2ServerResponse[] = [];
      const upstream = createHttp2Server((_request, response) => open.push(response));
      await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
      await chain.apply(planFor(`127.0.0.1:${(upstream.address() as AddressInfo).port}`, { maxRequests: 3 }));
      const client = connectHttp2(`http://127.0.0.1:${chain.envoy.meshPort}`);
      const statuses: unknown[] = [];
      const streams = Array.from({ length: 8 }, () => client.request({ ':authority': 'payment', ...checkout }));
      for (const stream of streams) stream.on('response', (headers) => statuses.push(headers[':status'])).resume();
      await until(() => open.length === 3 && statuses.length === 5);
      assert.deepEqual(statuses, Array(5).fill(503));
      for (const response of open) response.end();
      await until(() => statuses.length === 8);
      assert.deepEqual(statuses.slice(5), Array(3).fill(200));
      client.close();
      await chain.apply(planFor(chain.echo.endpoint));
      upstream.close();
    });

    it('degrades, closes or stays open per service while the authorizer cannot be reached', async () => {
      await chain.authorizer.stop();
      const degraded: Answer[] = [];
      const claiming = { ...checkout, 'x-capacity-priority': '9' };
      for (let i = 0; i < 5; i += 1) degraded.push(await chain.call('payment', claiming));
      assert.deepEqual(
        degraded.map(({ status }) => status),
        [200, 200, 200, 503, 503],
      );
      const refused = degraded[4] as Answer;
      assert.deepEqual(reasonOf(refused), ['mesh-degraded', 'mesh-degraded']);
      assert.equal(refused.headers['retry-after'], '1');
      assert.equal(JSON.parse(refused.body).edge, '~unverified/payment');
      const reached = JSON.parse((degraded[0] as Answer).body);
      assert.deepEqual([reached['x-capacity-token'], reached['x-capacity-priority']], [undefined, undefined]);
      const spoofed = await chain.call('payment', { 'x-capacity-workload': 'checkout' });
      assert.equal(spoofed.status, 503, 'no way round the safe bucket');
      const grpcCaller = await chain.call('payment', { ...checkout, 'content-type': 'application/grpc' });
      assert.deepEqual([grpcCaller.status, grpcCaller.headers['grpc-status']], [200, '14'], 'UNAVAILABLE');

      const closed = await chain.call('ledger', checkout);
      assert.deepEqual([closed.status, ...reasonOf(closed)], [503, 'internal', 'internal']);
      assert.equal(closed.headers['retry-after'], '1');
      const grpc = await chain.call('ledger', { ...checkout, 'content-type': 'application/grpc' });
      assert.deepEqual([grpc.status, grpc.headers['grpc-status']], [200, '14'], 'UNAVAILABLE');

      for (let i = 0; i < 5; i += 1) {
        const { status, body } = await chain.call('search', claiming);
        assert.deepEqual([status, JSON.parse(body)['x-capacity-priority']], [200, undefined]);
      }
    });

    it('checks again as soon as the authorizer is back, on closed services too', async () => {
      const back = await startAuthorizer(() => allow('checkout'), chain.authorizer.port);
      await until(async () => (await chain.call('ledger', checkout)).status === 200);
      assert.ok(back.asked.length > 0);
      await back.stop();
    });
  });
}
