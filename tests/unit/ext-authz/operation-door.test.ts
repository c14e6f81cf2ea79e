import assert from 'node:assert/strict';
import { readTicket, writeTicket } from '../../../core/admission/load-ticket.ts';
import { OPERATIONS_MAX } from '../../../core/admission/open-operations.ts';
import type { OperationError } from '../../../ext-authz/operations/operation-error.ts';
import { collectEdges } from '../../../ext-authz/reporter/build-frame.ts';
import { EnvoyStats } from '../../../ext-authz/sinks/fold-metrics.ts';
import type { EdgeLease } from '../../../proto/gen/capmesh/v1/lease.ts';
import {
  CheckOperationRequest,
  type CheckOperationResponse,
  SettleOperationRequest,
} from '../../../proto/gen/capmesh/v1/operation_service.ts';
import {
  batchToPayment,
  checkFixture,
  checkoutToPayment,
  edgeLease,
  INSTANCE,
  leaseOf,
  NODE,
  readAnswer,
  withToken,
} from '../../support/check-fixture.ts';
import { claimsOfA, flipSignatureBit, makeKey, signToken } from '../../support/test-tokens.ts';

const TIMEOUT_MS = 1000;
const LIMITS = { timeoutMs: TIMEOUT_MS, maxRequests: 3, cpuMsPerSec: 100, memoryMib: 512 };

const setUp = (limits: Partial<EdgeLease> = LIMITS, more: readonly EdgeLease[] = []) => {
  const fixture = checkFixture();
  const { ledger, clock, operations, key } = fixture;
  const edges = [{ ...checkoutToPayment, ...limits }, { ...batchToPayment, timeoutMs: TIMEOUT_MS }, ...more];
  ledger.applyLease(leaseOf(2, edges), clock.monotonicMs());
  const tokenA = signToken(key, claimsOfA);
  const check = (request: Partial<CheckOperationRequest> = {}): CheckOperationResponse =>
    operations.check(CheckOperationRequest.fromPartial({ token: tokenA, service: 'payment', ...request }));
  const settle = (operationId: string, actualLoad?: { cpu: number; memoryMb: number }, token = tokenA): boolean =>
    operations.settle(SettleOperationRequest.fromPartial({ token, operationId, actualLoad })).settled;
  const edge = ledger.find('checkout', 'payment') ?? assert.fail('no edge');
  const frame = () => collectEdges(ledger, new EnvoyStats(), clock.monotonicMs());
  const counters = () => frame().find(({ workload }) => workload === 'checkout') ?? assert.fail('no counters');
  return { ...fixture, tokenA, check, settle, edge, frame, counters };
};

const failsWith = (code: OperationError['code'], message: RegExp, work: () => unknown): void => {
  assert.throws(work, (error: OperationError) => error.code === code && message.test(error.message), String(message));
};

describe('OperationDoor: operations that pass no Envoy (CONTRACT §B, §F)', () => {
  it('allows what token, bucket and load pay for, and names the operation', () => {
    const { check, edge } = setUp();
    const level = edge.limit.bucket.level;
    const answer = check({ estimatedLoad: { cpu: 10, memoryMb: 64 } });
    assert.deepEqual([answer.allowed, answer.reason, answer.edge], [true, '', 'checkout/payment']);
    assert.deepEqual(readTicket(answer.operationId), {
      node: NODE,
      instance: INSTANCE,
      workload: 'checkout',
      service: 'payment',
      id: 1,
    });
    assert.deepEqual([edge.limit.bucket.level, edge.load?.memoryHeldMb, edge.load?.cpu.level], [level - 1, 64, 90]);
  });

  it('names operations also where no load is limited, and settles them the same way', () => {
    const { check, settle } = setUp({ timeoutMs: TIMEOUT_MS });
    const { operationId } = check({ estimatedLoad: { cpu: 1e9, memoryMb: 1e9 } });
    assert.ok(settle(operationId, { cpu: 5, memoryMb: 5 }));
    assert.equal(settle(operationId), false);
  });

  it('refuses for the reasons and in the words of a call, with an id for each', () => {
    const { check, tokenA, authorizer, edge } = setUp();
    edge.limit.bucket.level = 0;
    const call = readAnswer(authorizer.answer(withToken(tokenA))).body;
    const refused = check();
    assert.equal(refused.reason, 'budget-exhausted');
    assert.deepEqual([refused.message, refused.edge, refused.remaining], [call.message, call.edge, call.remaining]);
    assert.deepEqual(refused.retryAfter, { seconds: 0, nanos: (call.retryAfterMs ?? 0) * 1e6 });
    assert.notEqual(refused.refusalId, call.id);
    assert.deepEqual([refused.allowed, refused.operationId], [false, '']);
    const strange = check({ token: flipSignatureBit(tokenA) });
    assert.deepEqual([strange.reason, strange.edge], ['token-signature', '~unverified/payment']);
  });

  it('remembers what it refused as a call is remembered: the bucket, the token, the priority', () => {
    const { check, tokenA, edge, refusals } = setUp();
    const remembered = (reason: string, workload = 'checkout') => {
      const recalled = refusals.newest(workload, 'payment', reason);
      return recalled.kind === 'known' ? recalled.record : assert.fail(`no ${reason} of ${workload}`);
    };
    edge.limit.bucket.level = 0.25;
    check({ priority: 3, attempt: 2 });
    const { bucket, prio, retry } = remembered('budget-exhausted');
    assert.deepEqual([bucket?.byToken, bucket?.level, prio, retry], [false, 0.25, 3, true]);
    check({ token: flipSignatureBit(tokenA) });
    const { token, ...strange } = remembered('token-signature', '~unverified');
    assert.match(token?.fault ?? '', /signed/);
    assert.deepEqual([strange.bucket, strange.prio, strange.retry], [undefined, 0, false]);
  });

  it('holds calls and operations to one bucket', () => {
    const { check, tokenA, authorizer } = setUp({ timeoutMs: TIMEOUT_MS });
    let passed = 0;
    for (let turn = 0; turn < 100; turn += 1) {
      if (turn % 2 === 0 ? check().allowed : readAnswer(authorizer.answer(withToken(tokenA))).admitted) passed += 1;
    }
    assert.equal(passed, 26, 'the burst of token A');
  });

  it('lets the caller lower its priority and tell retries, as a call does', () => {
    const { check, ledger, clock, edge } = setUp();
    const overlay = { overlayExpiresInMs: 60_000, shedBelowPrio: 5, shedRatio: 1, shedRetries: true };
    ledger.applyLease(leaseOf(3, [{ ...checkoutToPayment, ...LIMITS, ...overlay }]), clock.monotonicMs());
    assert.ok(check().allowed);
    assert.ok(check({ priority: 9 }).allowed, 'raised to no more than the 7 of the token');
    const shed = check({ priority: 4 });
    assert.deepEqual([shed.reason, shed.retryAfter], ['shed-priority', { seconds: 1, nanos: 0 }]);
    assert.equal(check({ attempt: 2 }).reason, 'shed-priority');
    assert.equal(edge.retries, 1);
  });

  it('bounds what runs at once by the breaker of the edge, and frees what nobody settles at the time-out', () => {
    const { check, settle, clock, edge, counters, ledger } = setUp();
    const ids = [0, 1, 2].map(() => check({ estimatedLoad: { cpu: 1, memoryMb: 100 } }).operationId);
    const refused = check();
    assert.deepEqual([refused.reason, refused.retryAfter], ['breaker-open', { seconds: 1, nanos: 0 }]);
    assert.ok(settle(ids[0] as string));
    assert.ok(check().allowed);
    clock.advance(TIMEOUT_MS);
    ledger.freeTimedOut(clock.monotonicMs());
    assert.deepEqual([edge.operations?.open.size, edge.load?.memoryHeldMb, edge.load?.open.size], [0, 0, 0]);
    assert.equal(settle(ids[1] as string), false, 'it has timed out');
    assert.deepEqual(ledger.operationEnds, { open: 0, settled: 1, timedOut: 3, unknown: 1 });
    const { offered, admitted, refused: refusals, attempts, breakerRefused, timeouts, failures, inFlight } = counters();
    assert.deepEqual([offered, admitted, refusals], [5, 5, {}], 'what the breaker refuses the budget has let through');
    assert.deepEqual([attempts, breakerRefused, timeouts, failures, inFlight], [4, 1, 3, 3, 0]);
  });

  it('keeps no more operations of one edge than fit its table', () => {
    const { check, edge } = setUp({ rateRps: undefined, timeoutMs: TIMEOUT_MS });
    for (let each = 0; each < OPERATIONS_MAX; each += 1) assert.ok(check().allowed);
    assert.equal(check().reason, 'breaker-open');
    assert.equal(edge.operations?.open.size, OPERATIONS_MAX);
  });

  it('counts in the frame of the edge as calls do: offered = admitted + refused', () => {
    const { check, settle, clock, counters, edge } = setUp();
    const [first = '', second = ''] = [check(), check()].map(({ operationId }) => operationId);
    clock.advance(40);
    settle(first);
    Object.assign(edge.limit.bucket, { level: 0, atMs: clock.monotonicMs() });
    check();
    const { offered, admitted, refused, attempts, inFlight, latencySumMs, latencyBuckets } = counters();
    assert.deepEqual([offered, admitted, refused], [3, 2, { 'budget-exhausted': 1 }]);
    assert.deepEqual([attempts, inFlight, latencySumMs], [2, 1, 40]);
    assert.equal(
      latencyBuckets.reduce((sum, count) => sum + count),
      1,
    );
    settle(second);
    assert.equal(counters().inFlight, 0);
  });

  it('corrects by what an operation needed', () => {
    const { check, settle, edge } = setUp();
    const [first, second, third] = [40, 40, 10].map((cpu) => check({ estimatedLoad: { cpu, memoryMb: 100 } }));
    assert.ok(settle(first?.operationId ?? '', { cpu: 10, memoryMb: 100 }));
    assert.equal(edge.load?.cpu.level, 40);
    assert.ok(settle(second?.operationId ?? ''));
    assert.equal(edge.load?.cpu.level, 40, 'as estimated');
    assert.ok(settle(third?.operationId ?? '', { cpu: 0, memoryMb: 0 }));
    assert.deepEqual([edge.load?.cpu.level, edge.load?.memoryHeldMb], [50, 0]);
  });

  it('settles nothing of an earlier run, of another node, or that it never named', () => {
    const { settle, check, ledger } = setUp();
    const own = { node: NODE, instance: INSTANCE, workload: 'checkout', service: 'payment', id: 1 };
    check();
    for (const other of [{ instance: 'run-0' }, { node: 'node-2' }, { id: 2 }, { service: 'nothing' }]) {
      assert.equal(settle(writeTicket({ ...own, ...other })), false);
    }
    assert.equal(settle('garbage'), false);
    assert.deepEqual(ledger.operationEnds, { open: 1, settled: 0, timedOut: 0, unknown: 5 });
  });

  it("settles for the workload's own tokens alone, also for one that has run out", () => {
    const { check, settle, clock, key, keys, tokenA } = setUp({ ...LIMITS, timeoutMs: 10_000 });
    const [first = '', second = '', third = ''] = [0, 1, 2].map(() => check().operationId);
    const batch = signToken(key, { ...claimsOfA, sub: 'batch' });
    failsWith('forbidden', /operationId: the operation is not one of batch/, () => settle(first, undefined, batch));
    const forged = signToken(makeKey('k1'), claimsOfA);
    failsWith('unauthenticated', /token: token-signature/, () => settle(first, undefined, forged));
    const foreign = signToken(key, { ...claimsOfA, aud: 'other' });
    failsWith('unauthenticated', /token: token-audience/, () => settle(first, undefined, foreign));
    const renewed = signToken(key, { ...claimsOfA, jti: 'grant-b' });
    assert.ok(settle(first, undefined, renewed), 'another token of the same workload');
    const short = signToken(key, { ...claimsOfA, jti: 'grant-c', exp: claimsOfA.iat + 1 });
    clock.advance(5000);
    assert.equal(check({ token: short }).reason, 'token-expired');
    assert.ok(settle(second, undefined, short));
    keys.revoke(claimsOfA.jti, claimsOfA.exp * 1000);
    failsWith('unauthenticated', /token: token-revoked/, () => settle(third, undefined, tokenA));
  });

  it('chooses the service that the type names, else the only one of the workload, and asks where there are several', () => {
    const inventory = edgeLease({ workload: 'batch', service: 'inventory', timeoutMs: TIMEOUT_MS });
    const { check, key } = setUp(LIMITS, [inventory]);
    const edgeFor = (operationType: string, sub = 'checkout'): string => {
      const token = signToken(key, { ...claimsOfA, sub });
      const { edge, reason } = check({ token, operationType, service: '' });
      return reason === '' ? edge : `${reason} ${edge}`;
    };
    assert.equal(edgeFor('payment'), 'checkout/payment');
    assert.equal(edgeFor('charge'), 'checkout/payment');
    assert.equal(edgeFor(''), 'checkout/payment');
    assert.equal(edgeFor('inventory'), 'edge-not-entitled checkout/inventory', 'its only service is another');
    assert.equal(edgeFor('inventory', 'batch'), 'batch/inventory');
    assert.equal(edgeFor('charge', 'nobody'), 'edge-not-entitled nobody/');
    failsWith('invalid', /^service: must be one of payment, inventory/, () => edgeFor('charge', 'batch'));
    const strange = check({ token: 'x.y.z', operationType: 'charge', service: '' });
    assert.deepEqual([strange.reason, strange.edge], ['token-malformed', '~unverified/']);
  });

  it('fills no table by names that no lease knows', () => {
    const { check, frame, ledger } = setUp();
    const before = frame().length;
    for (let each = 0; each < 50; each += 1) {
      const refused = check({ service: `service-${each}` });
      assert.deepEqual([refused.reason, refused.edge], ['edge-not-entitled', `checkout/service-${each}`]);
      check({ service: `service-${each}`, token: 'x.y.z' });
    }
    assert.equal(frame().length, before);
    assert.equal(ledger.uncounted, 100);
  });

  it('names every field that breaks a rule, and charges nothing', () => {
    const { check, settle, edge } = setUp();
    const wrong = { token: '', service: 'No', priority: 10, estimatedLoad: { cpu: -1, memoryMb: Number.NaN } };
    const paths = /^token: .*\nestimatedLoad\.cpu: .*\nestimatedLoad\.memoryMb: .*\nservice: .*\npriority: /;
    failsWith('invalid', paths, () => check(wrong));
    failsWith('invalid', /^operationType: may have at most 128/, () => check({ operationType: 'x'.repeat(129) }));
    failsWith('invalid', /^operationId: needs/, () => settle(''));
    failsWith('invalid', /^actualLoad\.cpu: must be at most/, () => settle('x', { cpu: 1e10, memoryMb: 0 }));
    assert.equal(edge.offered, 0);
  });

  it('judges nothing before it knows lease and keys, and answers its own mistakes', () => {
    let ready: () => boolean = () => false;
    const { operations, key } = checkFixture({ isReady: () => ready() });
    const token = signToken(key, claimsOfA);
    const request = CheckOperationRequest.fromPartial({ token, service: 'payment' });
    assert.equal(operations.check(request).reason, 'mesh-degraded');
    const settlement = SettleOperationRequest.fromPartial({ token, operationId: 'x' });
    failsWith('unavailable', /does not know the budgets/, () => operations.settle(settlement));
    ready = () => {
      throw new Error('broken');
    };
    assert.equal(operations.check(request).reason, 'internal');
  });

  it('tells how many operations run beside the calls that Envoy holds to the same breaker', () => {
    const { check, settle, ledger } = setUp();
    const { operationId } = check({ estimatedLoad: { cpu: 10, memoryMb: 100 } });
    check();
    assert.deepEqual(ledger.overAdmissionMax(), { cpu: 30, memoryMb: 300, operations: 2 });
    settle(operationId);
    assert.deepEqual(ledger.overAdmissionMax(), { cpu: 0, memoryMb: 0, operations: 1 });
    const free = setUp({ timeoutMs: TIMEOUT_MS });
    free.check();
    assert.equal(free.ledger.overAdmissionMax().operations, 0, 'no breaker that could be exceeded');
  });
});
