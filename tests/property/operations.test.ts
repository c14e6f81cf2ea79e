import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EdgeLedger } from '../../core/admission/edge-ledger.ts';
import type { EdgeRecord } from '../../core/admission/edge-record.ts';
import { tokenLimit } from '../../core/capacity/burst.ts';
import { levelAt } from '../../core/capacity/token-bucket.ts';
import { CallJudge } from '../../ext-authz/check/call-judge.ts';
import { KeyRing } from '../../ext-authz/ledger/key-ring.ts';
import { answerOperation } from '../../ext-authz/operations/answer-operation.ts';
import { OperationDoor } from '../../ext-authz/operations/operation-door.ts';
import { OperationError } from '../../ext-authz/operations/operation-error.ts';
import {
  CheckOperationRequest,
  CheckOperationResponse,
  SettleOperationRequest,
  SettleOperationResponse,
} from '../../proto/gen/capmesh/v1/operation_service.ts';
import { checkFixture, edgeLease, leaseOf, NODE, silentLogger } from '../support/check-fixture.ts';
import { LoadOracle } from '../support/load-oracle.ts';
import { type ManualClock, manualClock } from '../support/manual-clock.ts';
import { claimsOfA, ISSUED_AT, makeKey, signToken } from '../support/test-tokens.ts';

const SEED = 20_261_126;
const RUNS = 120;
/** All runs take a few seconds; looking for the shortest failing one could take minutes. */
const SHRINK_MAX_MS = 50_000;
const STEPS_MIN = 100_000;
const TIMEOUT_MS = 400;
const LEASE = {
  workload: 'checkout',
  service: 'payment',
  rateRps: 80,
  burst: 30,
  guaranteeRps: 80,
  guaranteeBurst: 40,
  leaseMs: 10_000_000,
  cpuMsPerSec: 500,
  memoryMib: 1024,
  timeoutMs: TIMEOUT_MS,
  maxRequests: 40,
};
/** Sums of fractions in another order. */
const ROUNDING = 1e-6;

const key = makeKey('k1');
/** By the fraction of the edge that each may use. */
const TOKENS = [
  { text: signToken(key, { ...claimsOfA, jti: 'whole', cap: {} }), int: null },
  { text: signToken(key, { ...claimsOfA, jti: 'half', cap: { int: 0.5 } }), int: 0.5 },
] as const;
/** Runs out after a second, and may settle none the less. */
const LAPSED = signToken(key, { ...claimsOfA, jti: 'lapsed', exp: ISSUED_AT + 1 });
const FOREIGN = signToken(key, { ...claimsOfA, sub: 'batch' });

const load = fc.record({ cpu: fc.nat(12), memoryMb: fc.oneof(fc.constant(0), fc.nat(90)) });
const which = fc.nat(1_000_000);
const command = fc.oneof(
  { weight: 45, arbitrary: fc.record({ kind: fc.constant('check' as const), load, token: fc.nat(1) }) },
  {
    weight: 30,
    arbitrary: fc.record({ kind: fc.constant('settle' as const), which, cost: fc.option(load), token: fc.nat(3) }),
  },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('call' as const), load: fc.option(load) }) },
  { weight: 7, arbitrary: fc.record({ kind: fc.constant('end' as const), which, cost: load }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('free' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('pause' as const), ms: fc.constantFrom(100, 399, 400, 3000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), really: fc.nat(9) }) },
);
const step = fc.record({ ms: fc.nat(6), command });
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** One bucket, as plain as can be. */
class OracleBucket {
  level: number;
  readonly #rateRps: number;
  readonly #burst: number;

  constructor({ rateRps, burst }: { readonly rateRps: number; readonly burst: number }) {
    this.#rateRps = rateRps;
    this.#burst = burst;
    this.level = burst;
  }

  advance(ms: number): void {
    this.level = Math.min(this.#burst, this.level + (ms * this.#rateRps) / 1000);
  }

  get pays(): boolean {
    return this.level >= 1 - 1e-9;
  }
}

/** What has to come of everything, decided one request after the other. */
class Oracle {
  readonly load = new LoadOracle<string>(LEASE.cpuMsPerSec, LEASE.memoryMib, TIMEOUT_MS);
  readonly edge = new OracleBucket(LEASE);
  readonly shares = new Map<number | null, OracleBucket>();
  readonly operations = new Map<string, number>();
  readonly calls = new Set<string>();
  admitted = 0;
  refused = 0;
  breakerRefused = 0;
  settled = 0;
  timedOut = 0;

  advance(ms: number, nowMs: number): void {
    this.load.advance(nowMs);
    this.edge.advance(ms);
    for (const share of this.shares.values()) share.advance(ms);
  }

  expire(nowMs: number): void {
    this.load.expire(nowMs);
    for (const [id, endsMs] of this.operations) {
      if (endsMs > nowMs) continue;
      this.operations.delete(id);
      this.timedOut += 1;
    }
  }

  /** The reason of a refusal; empty = it may pass, and is charged. */
  check(int: number | null, estimate: { cpu: number; memoryMb: number } | null, operation: boolean, nowMs: number) {
    const limit = tokenLimit(int, LEASE, LEASE.guaranteeBurst);
    const share = this.shares.get(int) ?? new OracleBucket(limit);
    this.shares.set(int, share);
    if (operation && this.operations.size >= LEASE.maxRequests) return { reason: 'breaker-open', call: null };
    const call = estimate && this.load.fit(estimate, nowMs);
    if (estimate !== null && call === null) return { reason: 'load-exhausted', call };
    if (!this.edge.pays || !share.pays) return { reason: 'budget-exhausted', call: null };
    this.edge.level -= 1;
    share.level -= 1;
    return { reason: '', call };
  }
}

/** A sidecar, and the oracle beside it. */
class Player {
  readonly seen = { allowed: 0, refused: new Set<string>(), settled: 0, late: 0, foreign: 0, crashes: 0, timedOut: 0 };
  readonly #clock: ManualClock = manualClock(ISSUED_AT * 1000);
  readonly #keys = new KeyRing();
  #runs = 0;
  #oracle = new Oracle();
  #ledger: EdgeLedger;
  #judge: CallJudge;
  #door: OperationDoor;
  /** Handed out, also to operations that are over and by earlier runs. */
  #ids: string[] = [];

  constructor() {
    this.#keys.setKey('k1', key.jwk);
    [this.#ledger, this.#judge, this.#door] = this.#start();
  }

  play({ ms, command: next }: { readonly ms: number; readonly command: Command }): void {
    this.#advance(ms);
    const { monotonicMs } = this.#clock;
    switch (next.kind) {
      case 'check':
        this.#check(next.load, next.token);
        break;
      case 'settle':
        this.#settle(this.#ids[next.which % Math.max(1, this.#ids.length)] ?? 'never handed out', next);
        break;
      case 'call':
        this.#call(next.load);
        break;
      case 'end':
        this.#end(next.which, next.cost);
        break;
      case 'free':
        this.#oracle.expire(monotonicMs());
        this.#ledger.freeTimedOut(monotonicMs());
        break;
      case 'pause':
        this.#advance(next.ms);
        break;
      case 'crash':
        if (next.really === 0) this.#crash();
        break;
    }
    this.#compare();
  }

  /** After the time-out of everything that is open nothing is left. */
  finish(): void {
    this.#advance(TIMEOUT_MS);
    this.#oracle.expire(this.#clock.monotonicMs());
    this.#ledger.freeTimedOut(this.#clock.monotonicMs());
    this.#compare();
    const edge = this.#edge();
    assert.deepEqual([edge.operations?.open.size ?? 0, edge.load?.open.size, edge.load?.memoryHeldMb], [0, 0, 0]);
    assert.deepEqual([this.#ledger.operationEnds.open, this.#ledger.loadCounts.open], [0, 0]);
    assert.deepEqual(this.#ledger.overAdmissionMax(), { cpu: 0, memoryMb: 0, operations: 0 });
    this.seen.timedOut += this.#oracle.timedOut;
  }

  #start(): [EdgeLedger, CallJudge, OperationDoor] {
    const clock = this.#clock;
    const nowMs = clock.monotonicMs();
    const ledger = new EdgeLedger(nowMs);
    ledger.applyLease(leaseOf(1, [edgeLease(LEASE)]), nowMs);
    const isReady = (): boolean => true;
    const common = { ledger, clock, isReady };
    const judge = new CallJudge({
      ...common,
      mesh: 'shop',
      keys: this.#keys,
      lastWordMs: clock.monotonicMs,
      noteRefusal: () => 'id',
      logger: silentLogger,
    });
    return [ledger, judge, new OperationDoor({ ...common, judge, node: NODE, instance: `run-${this.#runs}` })];
  }

  #crash(): void {
    this.seen.crashes += 1;
    this.seen.timedOut += this.#oracle.timedOut;
    this.#runs += 1;
    this.#oracle = new Oracle();
    this.#oracle.load.advance(this.#clock.monotonicMs());
    [this.#ledger, this.#judge, this.#door] = this.#start();
  }

  #advance(ms: number): void {
    this.#clock.advance(ms);
    this.#oracle.advance(ms, this.#clock.monotonicMs());
  }

  #check(estimatedLoad: { cpu: number; memoryMb: number }, tokenIndex: number): void {
    const nowMs = this.#clock.monotonicMs();
    const { text, int } = TOKENS[tokenIndex] ?? TOKENS[0];
    this.#oracle.expire(nowMs);
    const { reason, call } = this.#oracle.check(int, estimatedLoad, true, nowMs);
    const answer = this.#door.check(CheckOperationRequest.fromPartial({ token: text, estimatedLoad }));
    assert.equal(answer.reason, reason);
    assert.equal(answer.allowed, answer.operationId !== '');
    this.#count(reason);
    if (call === null || reason !== '') return;
    this.#oracle.load.take(answer.operationId, call);
    this.#oracle.operations.set(answer.operationId, nowMs + TIMEOUT_MS);
    this.#ids.push(answer.operationId);
    if (this.#ids.length > 200) this.#ids = this.#ids.slice(100);
  }

  #settle(operationId: string, { cost, token }: { cost: { cpu: number; memoryMb: number } | null; token: number }) {
    const nowMs = this.#clock.monotonicMs();
    const text = [TOKENS[0].text, TOKENS[1].text, LAPSED, FOREIGN][token] ?? '';
    const request = SettleOperationRequest.fromPartial({ token: text, operationId, actualLoad: cost ?? undefined });
    if (text === FOREIGN && operationId.includes('checkout')) {
      assert.throws(
        () => this.#door.settle(request),
        (error) => error instanceof OperationError && error.code === 'forbidden',
      );
      this.seen.foreign += 1;
      return;
    }
    this.#oracle.expire(nowMs);
    const expected = this.#oracle.operations.delete(operationId);
    assert.equal(this.#oracle.load.settle(operationId, cost ?? {}), expected);
    assert.deepEqual(this.#door.settle(request), { settled: expected });
    // Only an operation of the edge frees what has timed out on it.
    this.#ledger.freeTimedOut(nowMs);
    if (expected) this.#oracle.settled += 1;
    this.seen[expected ? 'settled' : 'late'] += 1;
  }

  /** A call of the same edge on its way through Envoy. */
  #call(estimate: { cpu: number; memoryMb: number } | null): void {
    const nowMs = this.#clock.monotonicMs();
    const { text, int } = TOKENS[0];
    if (estimate !== null) {
      this.#oracle.expire(nowMs);
      this.#ledger.freeTimedOut(nowMs);
    }
    const { reason, call } = this.#oracle.check(int, estimate, false, nowMs);
    const query = { token: text, service: 'payment', priority: -1, retry: false, isOperation: false };
    const verdict = this.#judge.judge({ ...query, estimate: estimate ?? undefined }, nowMs);
    assert.equal(verdict.reason ?? '', reason);
    this.#count(reason);
    if (call === null || verdict.reservation === null) return;
    const id = `call/${verdict.reservation.id}`;
    this.#oracle.load.take(id, call);
    this.#oracle.calls.add(id);
  }

  #end(index: number, cost: { cpu: number; memoryMb: number }): void {
    const calls = [...this.#oracle.calls];
    const id = calls[index % Math.max(1, calls.length)];
    if (id === undefined) return;
    this.#oracle.calls.delete(id);
    this.#oracle.load.settle(id, cost);
    this.#ledger.settleLoad('checkout', 'payment', Number(id.slice(5)), cost, this.#clock.monotonicMs());
  }

  #count(reason: string): void {
    if (reason === '') {
      this.#oracle.admitted += 1;
      this.seen.allowed += 1;
      return;
    }
    this.seen.refused.add(reason);
    if (reason === 'breaker-open') this.#oracle.breakerRefused += 1;
    else this.#oracle.refused += 1;
  }

  #edge(): EdgeRecord {
    return this.#ledger.find('checkout', 'payment') ?? assert.fail('the edge is not there');
  }

  #compare(): void {
    const edge = this.#edge();
    const { load: limit, operations } = edge;
    assert.ok(limit);
    const nowMs = this.#clock.monotonicMs();
    const oracle = this.#oracle;
    const { settled, timedOut, breakerRefused } = oracle;
    close(limit.memoryHeldMb, oracle.load.held(), 'memory');
    assert.ok(limit.memoryHeldMb <= LEASE.memoryMib + ROUNDING, 'more memory than there is');
    close(levelAt(limit.cpu, LEASE.cpuMsPerSec, LEASE.cpuMsPerSec, nowMs), oracle.load.level, 'CPU');
    close(levelAt(edge.limit.bucket, LEASE.rateRps, LEASE.burst, nowMs), oracle.edge.level, 'rate');
    assert.equal(operations?.open.size ?? 0, oracle.operations.size, 'open operations');
    assert.ok(oracle.operations.size <= LEASE.maxRequests);
    assert.equal(limit.open.size, oracle.load.open.size, 'reservations');
    const { ends } = operations ?? { ends: this.#ledger.operationEnds };
    assert.deepEqual([ends.open, ends.settled, ends.timedOut], [oracle.operations.size, settled, timedOut]);
    const refused = [...edge.refused.values()].reduce((sum, count) => sum + count, 0);
    assert.deepEqual([edge.admitted, refused], [oracle.admitted + breakerRefused, oracle.refused]);
    assert.equal(edge.offered, edge.admitted + refused, 'offered = admitted + refused');
    const counts = operations?.counts;
    assert.equal(counts?.attempts ?? 0, ends.open + settled + timedOut, 'each operation ends once');
    assert.deepEqual([counts?.timeouts ?? 0, counts?.breakerRefused ?? 0], [timedOut, breakerRefused]);
  }
}

const close = (a: number, b: number, what: string): void =>
  assert.ok(Math.abs(a - b) < ROUNDING, `${what}: ${a} against ${b}`);

describe(`operations against a sequential oracle (CONTRACT §D, §F; seed ${SEED})`, function () {
  this.timeout(60_000);

  it(`never overspend and never leak, over ${STEPS_MIN} checks, ends, double and late ends, calls and crashes`, () => {
    let taken = 0;
    const sum = { allowed: 0, refused: new Set<string>(), settled: 0, late: 0, foreign: 0, crashes: 0, timedOut: 0 };
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 2000, size: 'max' }), (steps) => {
        const player = new Player();
        for (const each of steps) player.play(each);
        player.finish();
        taken += steps.length;
        const { refused, ...counts } = player.seen;
        for (const reason of refused) sum.refused.add(reason);
        for (const [what, count] of Object.entries(counts)) sum[what as keyof typeof counts] += count;
      }),
      { seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: SHRINK_MAX_MS, markInterruptAsFailure: true },
    );
    assert.ok(taken >= STEPS_MIN, `${taken} steps`);
    const { refused, ...counts } = sum;
    assert.deepEqual([...refused].sort(), ['breaker-open', 'budget-exhausted', 'load-exhausted']);
    for (const [what, count] of Object.entries(counts)) assert.ok(count > RUNS / 2, `${what} happened ${count} times`);
  });

  it('answers any bytes and any texts, and allows none of them', () => {
    const { operations, ledger, clock } = checkFixture();
    ledger.applyLease(leaseOf(2, [edgeLease(LEASE)]), clock.monotonicMs());
    const text = fc.oneof(fc.string(), fc.constantFrom('payment', 'checkout', TOKENS[0].text.slice(1), ''));
    const checks = fc.record({
      token: text,
      operationType: text,
      service: text,
      estimatedLoad: fc.option(fc.record({ cpu: fc.double(), memoryMb: fc.double() }), { nil: undefined }),
      priority: fc.option(fc.nat(12), { nil: undefined }),
      attempt: fc.nat(3),
    });
    const settlements = fc.record({ token: text, operationId: text, actualLoad: fc.constant(undefined) });
    const requests = fc.oneof(
      fc.tuple(fc.constantFrom('check' as const, 'settle' as const), fc.uint8Array({ maxLength: 300 })),
      checks.map((request) => ['check' as const, CheckOperationRequest.encode(request).finish()] as const),
      settlements.map((request) => ['settle' as const, SettleOperationRequest.encode(request).finish()] as const),
    );
    const seen = new Set<string>();
    fc.assert(
      fc.property(requests, ([method, bytes]) => {
        const answer = answerOperation(operations, method, bytes, silentLogger);
        if (!(answer instanceof Uint8Array)) seen.add(String(answer.code));
        else if (method === 'settle') assert.equal(SettleOperationResponse.decode(answer).settled, false);
        else seen.add(CheckOperationResponse.decode(answer).reason);
      }),
      { seed: SEED, numRuns: 5000 },
    );
    assert.deepEqual([...seen].sort(), ['16', '3', 'token-malformed']);
  });
});
