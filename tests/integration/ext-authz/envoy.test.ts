import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { XdsServer } from '../../../control-plane/xds/xds-server.ts';
import type { EnvoyEdgeCounters } from '../../../core/substrate/telemetry-frame.ts';
import { buildBootstrap } from '../../../envoy/bootstrap.ts';
import { buildSnapshot } from '../../../envoy/render-plan.ts';
import { buildRuntimeLayer } from '../../../envoy/runtime-layer.ts';
import { type CheckServer, startCheckServer } from '../../../ext-authz/check/check-server.ts';
import { operationsService } from '../../../ext-authz/operations/operations-service.ts';
import { settleCall } from '../../../ext-authz/sinks/settle-calls.ts';
import { type Sinks, startSinks } from '../../../ext-authz/sinks/sinks-server.ts';
import { findBinary } from '../../../platform/binaries.ts';
import { systemClock } from '../../../platform/clock.ts';
import { CheckOperationRequest, SettleOperationRequest } from '../../../proto/gen/capmesh/v1/operation_service.ts';
import { callThroughEnvoy } from '../../support/call-through-envoy.ts';
import {
  batchToPayment,
  checkFixture,
  checkoutToPayment,
  INSTANCE,
  leaseOf,
  silentLogger,
} from '../../support/check-fixture.ts';
import { edgePlan, planOf, servicePlan } from '../../support/plans.ts';
import { quietLogger } from '../../support/quiet-logger.ts';
import { claimsOfA, signToken } from '../../support/test-tokens.ts';
import { waitFor } from '../../support/wait-for.ts';

const MAX_REQUESTS = 2;

describe('sidecar behind a real Envoy', () => {
  const fixture = checkFixture();
  const tokenA = signToken(fixture.key, claimsOfA);
  const tokenBatch = signToken(fixture.key, { ...claimsOfA, sub: 'batch', prio: 2 });
  let folder: string;
  let upstream: HttpServer;
  let xds: XdsServer;
  let grpc: Server;
  let checks: CheckServer;
  let sink: Sinks;
  let envoy: ChildProcess;
  let envoyUrl: string;
  let flushes = 0;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'capmesh-envoy-'));
    upstream = createServer((request, response) => {
      if (request.url === '/500') response.statusCode = 500;
      const answer = () => response.end(JSON.stringify(request.headers));
      if (request.url === '/slow') setTimeout(answer, 300);
      else answer();
    });
    const endpoint = `127.0.0.1:${await listenOnPort(upstream)}`;
    checks = await startCheckServer({
      address: { path: join(folder, 'check.sock') },
      answer: (message) => fixture.authorizer.answer(message),
      logger: silentLogger,
    });
    const onFlush = () => {
      flushes += 1;
    };
    sink = await startSinks({
      address: { path: join(folder, 'sinks.sock') },
      onFlush,
      onCallEnd: (entry) => settleCall(entry, fixture.ledger, INSTANCE, fixture.clock.monotonicMs()),
      operations: operationsService(fixture.operations, silentLogger),
      logger: silentLogger,
    });
    const breaker = { maxRequests: MAX_REQUESTS, maxConnections: 4, maxPendingRequests: 2 };
    const edges = [edgePlan('checkout', 'payment', { breaker }), edgePlan('batch', 'payment')];
    xds = new XdsServer({ clock: systemClock, logger: quietLogger });
    const plan = planOf(servicePlan('payment', { endpoints: [endpoint], edges }));
    xds.publishRuntime(buildRuntimeLayer(plan));
    xds.publish(buildSnapshot(plan), { revision: 1, edited: true });
    grpc = new Server();
    xds.addTo(grpc);
    const xdsPort = await new Promise<number>((resolve, reject) =>
      grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      ),
    );
    const [listener, admin] = [await freePort(), await freePort()];
    envoyUrl = `http://127.0.0.1:${listener}`;
    const bootstrap = buildBootstrap({
      nodeId: 'node-1',
      mesh: 'shop',
      admin: { host: '127.0.0.1', port: admin },
      listener: { host: '127.0.0.1', port: listener },
      controlPlane: { host: '127.0.0.1', port: xdsPort },
      check: { path: join(folder, 'check.sock') },
      sinks: { path: join(folder, 'sinks.sock') },
      statsFlushIntervalMs: 200,
    });
    writeFileSync(join(folder, 'bootstrap.json'), JSON.stringify(bootstrap));
    const args = ['-c', join(folder, 'bootstrap.json'), '--concurrency', '1', '--disable-hot-restart', '-l', 'error'];
    envoy = spawn(findBinary('envoy'), args, { stdio: 'ignore' });
    await waitFor('a judged call', async () => (await callThroughEnvoy(envoyUrl, 'payment')).denied !== null);
  });

  after(async () => {
    if (envoy !== undefined) {
      const exited = once(envoy, 'exit');
      envoy.kill('SIGKILL');
      await exited;
    }
    xds?.close();
    grpc?.forceShutdown();
    await checks?.stop();
    await sink?.stop();
    upstream?.closeAllConnections();
    upstream?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const call = (headers: Readonly<Record<string, string>>, path = '/') =>
    callThroughEnvoy(envoyUrl + path, 'payment', headers);

  const countersOf = (workload: string): EnvoyEdgeCounters | undefined =>
    [...sink.stats.entries()].find((entry) => entry.workload === workload)?.edge.snapshot();

  const nextFlushes = async (count: number) => {
    const until = flushes + count;
    await waitFor('flushes of Envoy', async () => flushes >= until);
  };

  it('passes an admitted call on as the verified workload, without the token', async () => {
    const answer = await call({
      'x-capacity-token': tokenA,
      'x-capacity-workload': 'spoofed',
      'x-capacity-priority': '3',
    });
    assert.equal(answer.status, 200);
    const seen = JSON.parse(answer.body) as Record<string, string>;
    assert.equal(seen['x-capacity-workload'], 'checkout');
    assert.equal(seen['x-capacity-priority'], '3');
    assert.equal(seen['x-capacity-token'], undefined);
  });

  it('tells the service the effective priority: what the token grants, or less, never more', async () => {
    const seenFor = async (token: string, claimed?: string) => {
      const claim: Record<string, string> = claimed === undefined ? {} : { 'x-capacity-priority': claimed };
      const answer = await call({ 'x-capacity-token': token, ...claim });
      return (JSON.parse(answer.body) as Record<string, string>)['x-capacity-priority'];
    };
    assert.deepEqual([await seenFor(tokenA), await seenFor(tokenBatch)], ['7', '2'], 'the token’s own');
    assert.deepEqual([await seenFor(tokenA, '0'), await seenFor(tokenA, '6')], ['0', '6'], 'lowered');
    assert.deepEqual([await seenFor(tokenA, '9'), await seenFor(tokenBatch, '7')], ['7', '2'], 'not raised');
    for (const odd of ['-1', '10', '7.5', 'high', '']) assert.equal(await seenFor(tokenBatch, odd), '2', odd);
  });

  it('sheds by the effective priority, so that work for a batch job is shed as batch', async () => {
    const shedding = { overlayExpiresInMs: 60_000, shedBelowPrio: 5, shedRatio: 1 };
    const edges = [checkoutToPayment, batchToPayment].map((edge) => ({ ...edge, ...shedding }));
    fixture.ledger.applyLease(leaseOf(2, edges), fixture.clock.monotonicMs());
    const outcome = async (token: string, claimed: string) => {
      const { status, denied } = await call({ 'x-capacity-token': token, 'x-capacity-priority': claimed });
      return denied ?? status;
    };
    assert.deepEqual([await outcome(tokenA, '5'), await outcome(tokenA, '9')], [200, 200]);
    assert.equal(await outcome(tokenA, '2'), 'shed-priority', 'its caller marked it as batch work');
    assert.equal(await outcome(tokenBatch, '9'), 'shed-priority', 'it claimed more than its token grants');
    fixture.ledger.applyLease(leaseOf(3, [checkoutToPayment, batchToPayment]), fixture.clock.monotonicMs());
    assert.equal(await outcome(tokenBatch, '2'), 200);
  });

  it('hands a refusal to the caller as it is: status, headers, body', async () => {
    const answer = await call({ 'x-capacity-token': 'bad' });
    assert.equal(answer.status, 401);
    assert.equal(answer.denied, 'token-malformed');
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.equal(JSON.parse(answer.body).edge, '~unverified/payment');
  });

  it('tells callers that speak gRPC the status that they must not retry', async () => {
    const grpcCall = { 'content-type': 'application/grpc', te: 'trailers' };
    const denied = await call({ 'x-capacity-token': 'bad', ...grpcCall });
    assert.equal(denied.headers['grpc-status'], '16');
    for (let each = 0; each < 25; each += 1) await call({ 'x-capacity-token': tokenBatch });
    const spent = await call({ 'x-capacity-token': tokenBatch, ...grpcCall });
    assert.deepEqual([spent.status, spent.headers['grpc-status']], [200, '8']);
    const plain = await call({ 'x-capacity-token': tokenBatch });
    assert.deepEqual([plain.status, plain.denied, plain.headers['retry-after']], [429, 'budget-exhausted', '1']);
    assert.equal(plain.headers['ratelimit-policy'], '"capacity";q=66;w=1');
  });

  it('counts attempts, failures, breaker refusals and latencies of the edge from the stats sink', async () => {
    await nextFlushes(2);
    const before = countersOf('checkout');
    fixture.clock.advance(1000);
    const slow = await Promise.all(Array.from({ length: 10 }, () => call({ 'x-capacity-token': tokenA }, '/slow')));
    const passed = slow.filter(({ status }) => status === 200).length;
    for (let each = 0; each < 3; each += 1) await call({ 'x-capacity-token': tokenA }, '/500');
    const wanted = { attempts: passed + 3, failures: 3, breakerRefused: 10 - passed, answers: passed + 3 };
    const counted = await waitFor('the counters', async () => {
      const now = countersOf('checkout');
      if (now === undefined) return undefined;
      const answers = sum(now.latencyBuckets) - sum(before?.latencyBuckets ?? []);
      const attempts = now.attempts - (before?.attempts ?? 0);
      if (attempts < wanted.attempts || answers < wanted.answers) return undefined;
      const breakerRefused = now.breakerRefused - (before?.breakerRefused ?? 0);
      return { attempts, failures: now.failures - (before?.failures ?? 0), breakerRefused, answers };
    });
    assert.ok(passed >= MAX_REQUESTS && passed < 10);
    assert.deepEqual(counted, wanted);
    // 300 ms lies in (1.2^31, 1.2^32] ms, a little above with the way there.
    assert.ok(sum(countersOf('checkout')?.latencyBuckets.slice(31, 36) ?? []) >= passed);
  });

  it('holds calls through Envoy and operations without one to the same bucket, never above its limit', async () => {
    const { clock, ledger, operations } = fixture;
    const [rateRps, burst] = [100, 20];
    const edge = { ...batchToPayment, rateRps, burst, timeoutMs: 1000 };
    ledger.applyLease(leaseOf(4, [checkoutToPayment, edge]), clock.monotonicMs());
    const free = signToken(fixture.key, { ...claimsOfA, sub: 'batch', prio: 2, jti: 'grant-free', cap: {} });
    const record = ledger.find('batch', 'payment') ?? assert.fail('no edge');
    const startMs = clock.monotonicMs();
    const before = { offered: record.offered, admitted: record.admitted };
    Object.assign(record.limit.bucket, { level: burst, atMs: startMs });
    let [calls, allowed] = [0, 0];
    for (let turn = 0; turn < 60; turn += 1) {
      const results = await Promise.all([0, 1, 2].map(() => call({ 'x-capacity-token': free })));
      calls += results.filter(({ status }) => status === 200).length;
      for (let each = 0; each < 3; each += 1) {
        const request = CheckOperationRequest.fromPartial({ token: free, service: 'payment' });
        const { operationId } = operations.check(request);
        if (operationId === '') continue;
        allowed += 1;
        operations.settle(SettleOperationRequest.fromPartial({ token: free, operationId }));
      }
      clock.advance(10);
    }
    const most = burst + (rateRps * (clock.monotonicMs() - startMs)) / 1000;
    const admitted = record.admitted - before.admitted;
    assert.equal(record.offered - before.offered, 6 * 60);
    assert.ok(admitted <= most && admitted > most - 2, `${admitted} of ${most}`);
    // Envoy's own breaker may still refuse calls that the bucket let through.
    assert.ok(calls > 10 && allowed > 5 && calls + allowed <= admitted, `${calls} calls, ${allowed} operations`);
    ledger.applyLease(leaseOf(5, [checkoutToPayment, batchToPayment]), clock.monotonicMs());
  });
});

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

async function listenOnPort(server: HttpServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createTcpServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
