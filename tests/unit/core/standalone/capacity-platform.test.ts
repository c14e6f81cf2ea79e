import assert from 'node:assert/strict';
import { explainRefusal } from '../../../../core/refusals/explain-refusal.ts';
import { refusalSceneOf } from '../../../../core/refusals/refusal-scene.ts';
import { LocalPlatform } from '../../../support/local-platform.ts';
import { meshConfig } from '../../../support/mesh-fixtures.ts';
import { claimsOfA, flipSignatureBit, ISSUED_AT, signToken } from '../../../support/test-tokens.ts';

const MESH = meshConfig({
  services: {
    payment: { rps: 400, concurrency: 24, cpuMsPerSec: 1000, memoryMiB: 2048 },
    inventory: { rps: 1000 },
  },
  workloads: { checkout: { tenant: 'shop', prio: 7 }, batch: { tenant: 'reports' } },
  budgets: {
    checkout: { payment: { int: 0.8, ptr: 0.75 }, inventory: { int: 0.3 } },
    batch: { payment: { int: 0.2, ptr: 0.25 } },
  },
});

const started = () => new LocalPlatform(MESH, { cross_service_call: 'payment' });

describe('CapacityPlatform: admission (CONTRACT §E)', () => {
  it('gives out capacity until the account is exhausted, and again when a grant has expired', () => {
    const local = started();
    const half = { workloadId: 'checkout', capacityVector: { int: 0.5, ptr: 0.5 }, durationMs: 60_000 };
    const first = local.platform.requestCapacity(half, local.now);
    assert.deepEqual(first.admitted && [first.grantId, first.expiresAtMs - local.now.wallMs, first.conditional], [
      'grant-1',
      60_000,
      true,
    ]);
    assert.ok(local.platform.requestCapacity(half, local.now).admitted);
    const third = local.platform.requestCapacity({ ...half, capacityVector: { int: 0.1 } }, local.now);
    assert.deepEqual(!third.admitted && [third.gatesFailed, third.bindingAxes, third.available.int], [[], ['int'], 0]);
    local.nowMs += 60_000;
    assert.ok(local.platform.requestCapacity(half, local.now).admitted);
  });

  it('throws for a workload that nobody declared', () => {
    const local = started();
    assert.throws(
      () => local.platform.requestCapacity({ workloadId: 'nobody' }, local.now),
      /"nobody" is not declared/,
    );
  });

  it('counts an operation that failed, once', () => {
    const local = started();
    const token = local.token('checkout');
    const call = local.platform.checkOperation({ token, operationType: 'payment' }, local.now);
    assert.ok(call.allowed);
    assert.equal(local.platform.settleOperation(call.operation, { failed: true }, local.now), true);
    assert.equal(local.platform.settleOperation(call.operation, {}, local.now), false);
  });

  it('refuses while a gate of the workload fails, and names it', () => {
    const local = started();
    const token = local.token('batch');
    local.play(60, token, 'payment', 60);
    const [payment] = local.platform.kernel.view(local.nowMs).services;
    assert.equal(payment?.gates.fit.status, 'PASS');
    local.play(10, token, 'payment', 60, 80);
    const refused = local.platform.requestCapacity({ workloadId: 'checkout', capacityVector: { int: 0.1 } }, local.now);
    assert.deepEqual(!refused.admitted && refused.gatesFailed, ['fit']);
  });

  it('tells the kernel of grants, and of their end', () => {
    const local = started();
    const { platform } = local;
    platform.requestCapacity({ workloadId: 'checkout', capacityVector: { int: 0.5 }, durationMs: 5000 }, local.now);
    platform.requestCapacity({ workloadId: 'batch', capacityVector: { int: 0.5 }, durationMs: 5000 }, local.now);
    assert.equal(platform.kernel.C.int, 0.4);
    local.nowMs = 5000;
    platform.tick(local.now);
    assert.equal(platform.kernel.C.int, 0.8);
  });

  it('names every field that is wrong, all at once', () => {
    const local = started();
    assert.throws(
      () =>
        local.platform.requestCapacity(
          { workloadId: 'nobody', capacityVector: { int: -5, obs: Number.NaN }, durationMs: 1 },
          local.now,
        ),
      /RangeError: workloadId: .*nobody.*; capacityVector\.int: .*-5.*; capacityVector\.obs: .*NaN.*; durationMs: /,
    );
    const running = local.platform.checkOperation({ token: local.token('batch'), operationType: 'payment' }, local.now);
    assert.ok(running.allowed);
    assert.throws(
      () =>
        local.platform.settleOperation(running.operation, { actualLoad: { cpu: Number.NaN, memoryMb: 1 } }, local.now),
      { message: 'actualLoad.cpu: must be a finite number ≥ 0 (got NaN)' },
    );
    assert.throws(() => new LocalPlatform(MESH, { pay: 'payment', ship: 'depot' }), {
      message: 'operations.ship: service "depot" is not declared',
    });
    assert.throws(
      () =>
        local.platform.checkOperation(
          { token: '', operationType: 'payment', estimatedLoad: { cpu: -1, memoryMb: Number.POSITIVE_INFINITY } },
          local.now,
        ),
      /RangeError: estimatedLoad\.cpu: .*-1.*; estimatedLoad\.memoryMb: .*Infinity/,
    );
  });
});

describe('CapacityPlatform: operations (CONTRACT §F)', () => {
  it('allows what the token, the edge and the load estimate pay for, and says what is missing', () => {
    const local = started();
    const token = local.token('checkout');
    const check = (operationType: string, cpu = 0, memoryMb = 0) => {
      const result = local.platform.checkOperation(
        { token, operationType, estimatedLoad: { cpu, memoryMb } },
        local.now,
      );
      return result.allowed ? 'allowed' : result.reason;
    };
    assert.equal(check('cross_service_call', 10, 512), 'allowed');
    assert.equal(check('payment', 10, 512), 'allowed');
    assert.equal(check('payment', 10, 1024), 'load-exhausted', '0.75 of 2048 MiB');
    assert.equal(check('payment', 790, 0), 'load-exhausted', '0.8 of 1000 CPU-ms');
    const never = { token, operationType: 'payment', estimatedLoad: { cpu: 801 } };
    const answer = { allowed: false, reason: 'load-exhausted', retryAfterMs: null };
    assert.deepEqual(local.platform.checkOperation(never, local.now), answer, 'time alone changes nothing');
    const later = { ...answer, retryAfterMs: 13 };
    assert.deepEqual(local.platform.checkOperation({ ...never, estimatedLoad: { cpu: 790 } }, local.now), later);
    assert.equal(check('inventory'), 'allowed');
    assert.equal(check('nothing'), 'edge-not-entitled');
    let allowed = 0;
    while (check('inventory') === 'allowed') allowed += 1;
    assert.equal(allowed, 0.2 * 300 - 1, 'σ of a guarantee of 300/s');
    assert.equal(check('inventory'), 'budget-exhausted');
  });

  it('bounds what runs at once, and ends what is never settled at the time-out', () => {
    const local = started();
    const token = local.token('batch');
    const check = () => local.platform.checkOperation({ token, operationType: 'payment' }, local.now);
    const running = Array.from({ length: 6 }, check);
    assert.ok(running.every(({ allowed }) => allowed));
    assert.deepEqual(check(), { allowed: false, reason: 'breaker-open', retryAfterMs: null });
    const [first] = running;
    assert.ok(first?.allowed);
    assert.equal(local.platform.settleOperation(first.operation, {}, local.now), true);
    assert.equal(local.platform.settleOperation(first.operation, {}, local.now), false);
    assert.equal(check().allowed, true);
    local.nowMs += 1000;
    assert.equal(check().allowed, true);
    local.platform.tick(local.now);
    const { edges, services } = local.platform.kernel.view(local.nowMs);
    const edge = edges.find(({ workload }) => workload === 'batch');
    assert.deepEqual([edge?.offeredRps, edge?.admittedRps, edge?.refusedRps], [9, 9, { 'breaker-open': 1 }]);
    assert.equal(services.find(({ service }) => service === 'payment')?.gates.gluing.evidence.u_counter ?? 0, 0);
  });

  it('explains a refusal without a sidecar that would remember it', () => {
    const local = started();
    const question = { reason: 'breaker-open', workload: 'batch', service: 'payment', record: null } as const;
    const scene = refusalSceneOf(local.platform.kernel.view(local.nowMs), MESH, question);
    const { sentence, limit, command } = explainRefusal(question, scene);
    assert.equal(limit, 6);
    assert.match(sentence, /^batch may have 6 calls in flight to payment on each node and had all of them/);
    assert.equal(command, 'capmesh budget set batch payment --ptr 0.32');
  });

  it('refuses tokens that are forged, foreign, expired or of nothing', () => {
    const local = started();
    const token = local.token('checkout');
    const reason = (candidate: string) => {
      const result = local.platform.checkOperation({ token: candidate, operationType: 'payment' }, local.now);
      return result.allowed ? 'allowed' : result.reason;
    };
    assert.equal(reason(token), 'allowed');
    assert.equal(reason(''), 'token-missing');
    assert.equal(reason(flipSignatureBit(token)), 'token-signature');
    assert.equal(reason(signToken(local.key, { ...claimsOfA, aud: 'other' })), 'token-audience');
    assert.equal(reason(signToken(local.key, { ...claimsOfA, exp: ISSUED_AT - 10 })), 'token-expired');
    assert.equal(reason(signToken(local.key, { ...claimsOfA, cap: { int: 0 } })), 'edge-not-entitled');
  });

  it('holds a token to its fraction of the edge', () => {
    const local = started();
    const { platform, now } = local;
    const answer = platform.requestCapacity({ workloadId: 'checkout', capacityVector: { int: 0.5 } }, now);
    assert.ok(answer.admitted);
    const allowed = local.play(10, answer.capacityToken, 'inventory', 400);
    assert.ok(
      allowed.slice(1).every((count) => Math.abs(count - 150) <= 2),
      allowed.join(),
    );
  });

  it('ticks to a stable mesh on its own measurements', () => {
    const local = started();
    const token = local.token('checkout');
    local.play(60, token, 'payment', 50);
    const { services, edges } = local.platform.kernel.view(local.nowMs);
    const edge = edges.find((one) => one.workload === 'checkout' && one.service === 'payment');
    assert.deepEqual([edge?.offeredRps, edge?.admittedRps, edge?.goodputRps], [50, 50, 50]);
    const payment = services.find(({ service }) => service === 'payment');
    assert.deepEqual(
      Object.entries(payment?.gates ?? {}).map(([gate, { status }]) => `${gate} ${status}`),
      ['fit PASS', 'gluing PASS', 'uv PASS', 'isolation NOT_APPLICABLE'],
    );
  });

  it('says what a budget amounts to', () => {
    const { int, ptr } = started().platform.allocate('checkout', 'payment');
    assert.deepEqual([int.guaranteeRps, int.cpuMsPerSec, ptr.concurrency, ptr.memoryMiB], [320, 800, 18, 1536]);
    assert.throws(() => started().platform.allocate('batch', 'inventory'), /there is no such budget/);
  });
});
