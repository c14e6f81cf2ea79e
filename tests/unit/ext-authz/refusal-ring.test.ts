import assert from 'node:assert/strict';
import type { RefusalReason } from '../../../core/admission/refusal-reason.ts';
import { RefusalRing } from '../../../ext-authz/refusals/refusal-ring.ts';
import {
  batchToPayment,
  checkFixture,
  checkoutToPayment,
  checkRequest,
  leaseOf,
  readAnswer,
  withToken,
} from '../../support/check-fixture.ts';
import { claimsOfA, flipSignatureBit, ISSUED_AT, signToken } from '../../support/test-tokens.ts';

const RUN = '0123abcd-9999-4000-8000-000000000000';
const CALL = { prio: 7, retry: false };
const NOW_MS = ISSUED_AT * 1000;

const setUp = (size?: number) => {
  const fixture = checkFixture();
  const ring = new RefusalRing(RUN, fixture.clock, size);
  const edge = fixture.ledger.find('checkout', 'payment') ?? assert.fail('no edge');
  const note = (reason: RefusalReason = 'internal') => ring.note(edge, reason, CALL, undefined);
  return { ...fixture, ring, edge, note };
};

/** What a sidecar remembers of the call it refused last. */
function remembered(
  { refusals }: Pick<ReturnType<typeof checkFixture>, 'refusals'>,
  reason: RefusalReason,
  workload = 'checkout',
  service = 'payment',
) {
  const recalled = refusals.newest(workload, service, reason);
  assert.equal(recalled.kind, 'known', `no ${reason} of ${workload}/${service}`);
  return recalled.kind === 'known' ? recalled.record : assert.fail();
}

describe('RefusalRing', () => {
  it('gives every refusal an id of its own and knows it by that', () => {
    const { ring, note } = setUp();
    const ids = Array.from({ length: 100 }, () => note());
    assert.equal(new Set(ids).size, 100);
    assert.deepEqual([ids[0], ids[35]], ['0123abcd-1', '0123abcd-10']);
    const recalled = ring.byId(ids[35] as string);
    assert.deepEqual(recalled, {
      kind: 'known',
      id: '0123abcd-10',
      record: { workload: 'checkout', service: 'payment', reason: 'internal', atMs: NOW_MS, ...CALL },
    });
  });

  it('forgets the oldest for the newest, and says so', () => {
    const { ring, note } = setUp(4);
    const ids = Array.from({ length: 6 }, () => note());
    assert.deepEqual(
      ids.map((id) => ring.byId(id).kind),
      ['forgotten', 'forgotten', 'known', 'known', 'known', 'known'],
    );
  });

  it('knows no id of another run, of the future, or spelled in another way', () => {
    const { ring, note } = setUp();
    note();
    for (const id of ['fedcba98-1', '0123abcd-2', '0123abcd-0', '0123abcd-01', '0123abcd-', '0123abcd', '', RUN]) {
      assert.deepEqual(ring.byId(id), { kind: 'unknown' }, id);
    }
  });

  it('finds the newest of an edge for a reason, as long as it is there', () => {
    const { ring, note } = setUp(4);
    note('edge-not-entitled');
    const newest = note('edge-not-entitled');
    note('internal');
    const recalled = ring.newest('checkout', 'payment', 'edge-not-entitled');
    assert.equal(recalled.kind === 'known' && recalled.id, newest);
    for (const [workload, service, reason] of [
      ['batch', 'payment', 'internal'],
      ['checkout', 'inventory', 'internal'],
      ['checkout', 'payment', 'mesh-degraded'],
    ] as const) {
      assert.equal(ring.newest(workload, service, reason).kind, 'unknown');
    }
    for (let count = 0; count < 3; count += 1) note('internal');
    assert.equal(ring.newest('checkout', 'payment', 'edge-not-entitled').kind, 'unknown');
  });
});

describe('what an authorizer remembers of the calls that it refuses', () => {
  it('the fault of a token that is none, and nothing that it says', () => {
    const fixture = checkFixture();
    fixture.authorizer.answer(withToken(flipSignatureBit(signToken(fixture.key, claimsOfA))));
    const { token, prio, atMs } = remembered(fixture, 'token-signature', '~unverified');
    assert.deepEqual([token?.fault, token?.workload], ['no key of this mesh signed the token', '']);
    assert.deepEqual([prio, atMs], [0, NOW_MS]);
  });

  it('whose token it was, until when it was good, and which generation would be', () => {
    const fixture = checkFixture();
    const token = signToken(fixture.key, claimsOfA);
    fixture.keys.setGeneration('checkout', 3);
    fixture.authorizer.answer(withToken(token));
    assert.deepEqual(remembered(fixture, 'token-revoked', '~unverified').token, {
      fault: '',
      workload: 'checkout',
      grantId: 'grant-a',
      audience: 'shop',
      notBeforeMs: NOW_MS,
      expiresAtMs: NOW_MS + 3_600_000,
      generation: 1,
      generationNeeded: 3,
    });
    fixture.clock.advance(3_602_000);
    fixture.authorizer.answer(withToken(signToken(fixture.key, { ...claimsOfA, gen: 3 })));
    assert.equal(remembered(fixture, 'token-expired', '~unverified').token?.expiresAtMs, NOW_MS + 3_600_000);
  });

  it('that a grant of 0 entitles to nothing', () => {
    const fixture = checkFixture();
    fixture.authorizer.answer(withToken(signToken(fixture.key, { ...claimsOfA, cap: { int: 0.5, ptr: 0 } })));
    assert.equal(remembered(fixture, 'edge-not-entitled').emptyAxis, 'ptr');
    fixture.authorizer.answer(withToken(signToken(fixture.key, claimsOfA), {}, 'inventory'));
    assert.equal(remembered(fixture, 'edge-not-entitled', 'checkout', 'inventory').emptyAxis, undefined);
  });

  it("the bucket that refused: the token's inside the edge's, or the edge's", () => {
    const fixture = checkFixture();
    const { authorizer, key } = fixture;
    const half = withToken(signToken(key, claimsOfA), { 'x-capacity-priority': '3' });
    while (readAnswer(authorizer.answer(half)).admitted);
    const ofToken = remembered(fixture, 'budget-exhausted');
    assert.deepEqual(
      [ofToken.bucket?.byToken, ofToken.bucket?.intShare, ofToken.bucket?.leaseExpired, ofToken.prio],
      [true, 0.5, false, 3],
    );
    assert.ok(Math.abs((ofToken.bucket?.rateRps ?? 0) - 400 / 3) < 1e-9 && (ofToken.bucket?.level ?? 1) < 1);
    const whole = withToken(signToken(key, { ...claimsOfA, jti: 'grant-b', cap: {} }));
    while (readAnswer(authorizer.answer(whole)).admitted);
    const { bucket } = remembered(fixture, 'budget-exhausted');
    assert.equal(bucket?.byToken, false);
    assert.ok(Math.abs((bucket?.rateRps ?? 0) - 800 / 3) < 1e-9);
  });

  it('that the lease had ended', () => {
    const fixture = checkFixture();
    fixture.clock.advance(36_001);
    const whole = withToken(signToken(fixture.key, { ...claimsOfA, cap: {} }));
    while (readAnswer(fixture.authorizer.answer(whole)).admitted);
    const { bucket } = remembered(fixture, 'budget-exhausted');
    assert.deepEqual([bucket?.leaseExpired, bucket?.rateRps, bucket?.burst], [true, 80, 20]);
  });

  it('what a call that did not fit would have reserved, and what was used', () => {
    const fixture = checkFixture();
    const { ledger, clock, authorizer, key } = fixture;
    const limits = { cpuMsPerSec: 100, memoryMib: 512, timeoutMs: 1000 };
    ledger.applyLease(leaseOf(2, [{ ...checkoutToPayment, ...limits }]), clock.monotonicMs());
    const token = signToken(key, claimsOfA);
    const ask = (cpu: string, memoryMb: string) =>
      authorizer.answer(withToken(token, { 'x-capacity-cpu': cpu, 'x-capacity-memory-mb': memoryMb }));
    ask('60', '500');
    ask('50', '1');
    assert.deepEqual(remembered(fixture, 'load-exhausted').load, {
      resource: 'cpu',
      limit: 100,
      used: 60,
      needed: 50,
      estimated: 50,
    });
    ask('1', '13');
    assert.deepEqual(remembered(fixture, 'load-exhausted').load, {
      resource: 'memory',
      limit: 512,
      used: 500,
      needed: 13,
      estimated: 13,
    });
  });

  it('what is no estimate, but no more of it than fits a line', () => {
    const fixture = checkFixture();
    const ask = (cpu: string) =>
      fixture.authorizer.answer(withToken(signToken(fixture.key, claimsOfA), { 'x-capacity-cpu': cpu }));
    ask('many');
    assert.deepEqual(remembered(fixture, 'estimate-invalid').estimate, { cpu: 'many', memoryMb: '' });
    ask('9'.repeat(5000));
    assert.equal(remembered(fixture, 'estimate-invalid').estimate?.cpu, '5000 characters');
  });

  it('by which priority, and how many, calls were shed', () => {
    const fixture = checkFixture();
    const { ledger, clock, authorizer, key } = fixture;
    const shed = { overlayExpiresInMs: 60_000, shedBelowPrio: 5, shedRatio: 1, shedRetries: true };
    ledger.applyLease(leaseOf(2, [{ ...checkoutToPayment, ...shed }, batchToPayment]), clock.monotonicMs());
    const token = signToken(key, claimsOfA);
    authorizer.answer(withToken(token, { 'x-capacity-priority': '2' }));
    const first = remembered(fixture, 'shed-priority');
    assert.deepEqual([first.shed, first.prio, first.retry], [{ belowPrio: 5, ratio: 1, retries: true }, 2, false]);
    authorizer.answer(withToken(token, { 'x-capacity-attempt': '2' }));
    assert.equal(remembered(fixture, 'shed-priority').retry, true);
    authorizer.answer(checkRequest('payment', {}));
    const { prio, retry } = remembered(fixture, 'token-missing', '~unverified');
    assert.deepEqual([prio, retry], [0, false], 'nothing is left of the call before it');
  });
});
