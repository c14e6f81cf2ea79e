import assert from 'node:assert/strict';
import { EdgeLedger } from '../../../core/admission/edge-ledger.ts';
import { KeyRing, REVOKED_MAX } from '../../../ext-authz/ledger/key-ring.ts';
import { SidecarState, type StoreEntry } from '../../../ext-authz/state/sidecar-state.ts';
import { Lease } from '../../../proto/gen/capmesh/v1/lease.ts';
import { batchToPayment, checkoutToPayment, leaseOf } from '../../support/check-fixture.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { ISSUED_AT, makeKey } from '../../support/test-tokens.ts';

const setUp = (clock = manualClock(ISSUED_AT * 1000)) => {
  const ledger = new EdgeLedger(clock.monotonicMs());
  const keys = new KeyRing();
  const state = new SidecarState(ledger, keys, clock);
  const key = (name: string, value: unknown) =>
    state.takeKey({ key: name, value: value === null ? null : Buffer.from(JSON.stringify(value)), writtenMs: 0 });
  const lease = (seq: number, more: Partial<Lease> = {}, ageMs = 0): StoreEntry => ({
    key: 'node-1',
    value: Lease.encode(leaseOf(seq, [checkoutToPayment], more)).finish(),
    writtenMs: clock.wallMs() - ageMs,
  });
  return { clock, ledger, keys, state, key, lease };
};

describe('SidecarState', () => {
  it('is ready once it knows a key and its lease, or that it has none', () => {
    const { state, key, lease } = setUp();
    assert.equal(state.ready, false);
    key('jwk.k1', makeKey('k1').jwk);
    assert.equal(state.ready, false);
    state.takeLease(lease(1), true);
    assert.equal(state.ready, true);
    const other = setUp();
    other.key('jwk.k1', makeKey('k1').jwk);
    other.state.leaseRead();
    assert.equal(other.state.ready, true);
  });

  it('tells the age of a lease by when it was written, not by when it was read', () => {
    const { state, lease, clock } = setUp();
    clock.advance(100_000);
    state.takeLease(lease(1, {}, 30_000), true);
    assert.equal(state.lastWordMs, 70_000);
    state.takeLease(lease(1), false);
    assert.equal(state.lastWordMs, 100_000);
    state.takeLease(lease(1, {}, -500), false);
    assert.equal(state.lastWordMs, 100_000);
  });

  it('lets actions run out although their lease is said again, and goes on with those of a newer one', () => {
    const { state, ledger, clock } = setUp();
    const fence = (seq: number): StoreEntry => ({
      key: 'node-1',
      value: Lease.encode(leaseOf(seq, [{ ...checkoutToPayment, overlayExpiresInMs: 30_000, fenced: true }])).finish(),
      writtenMs: clock.wallMs() - 5000,
    });
    const fencedForMs = () => (ledger.find('checkout', 'payment')?.overlay.untilMs ?? 0) - clock.monotonicMs();
    state.takeLease(fence(1), true);
    assert.equal(fencedForMs(), 25_000);
    clock.advance(20_000);
    state.takeLease(fence(1), false);
    assert.equal(fencedForMs(), 5000);
    state.takeLease(fence(2), false);
    assert.equal(fencedForMs(), 25_000);
  });

  it('passes over the late write of a former leader, unless the store was read anew', () => {
    const { state, lease, ledger } = setUp();
    assert.equal(state.takeLease(lease(5, { epoch: 3 }), true), 'taken');
    assert.equal(state.takeLease(lease(6, { epoch: 2 }), false), 'stale');
    assert.equal(ledger.leaseSeq, 5);
    assert.equal(state.takeLease(lease(1, { epoch: 1 }), true), 'taken');
    assert.equal(ledger.leaseSeq, 1);
  });

  it('passes over what it cannot read and keeps what it has', () => {
    const { state, key, lease, ledger, keys } = setUp();
    state.takeLease(lease(1), true);
    assert.equal(state.takeLease({ key: 'node-1', value: Buffer.from([0xff]), writtenMs: 0 }, false), 'invalid');
    assert.equal(ledger.leaseSeq, 1);
    for (const [name, value] of [
      ['jwk.k1', { kty: 'RSA' }],
      ['jwk.k1', { kty: 'OKP', crv: 'Ed25519', x: 'short' }],
      ['gen.checkout', -1],
      ['gen.checkout', '2'],
      ['other', 1],
    ] as const) {
      assert.equal(key(name, value), 'invalid', name);
    }
    assert.equal(keys.keyCount, 0);
  });

  it('never takes a generation back', () => {
    const { key, keys } = setUp();
    key('gen.checkout', 3);
    key('gen.checkout', 2);
    key('gen.checkout', null);
    assert.equal(keys.generationOf('checkout'), 3);
  });

  it('keeps a revocation until the grant has expired, whatever its value', () => {
    const { key, keys, state, clock } = setUp();
    key('revoked.a', clock.wallMs() + 10_000);
    key('revoked.b', 'soon');
    key('revoked.a', null);
    state.forgetExpired();
    assert.ok(keys.isRevoked('a') && keys.isRevoked('b'));
    clock.advance(12_001);
    state.forgetExpired();
    assert.deepEqual([keys.isRevoked('a'), keys.isRevoked('b')], [false, true]);
    assert.deepEqual(Object.keys(state.save().revoked), ['b']);
  });

  it('drops the keys that a fresh reading does not show', () => {
    const { key, keys, state } = setUp();
    key('jwk.k1', makeKey('k1').jwk);
    key('jwk.k2', makeKey('k2').jwk);
    state.keepKeys(new Set());
    assert.equal(keys.keyCount, 2);
    state.keepKeys(new Set(['k2']));
    assert.deepEqual([keys.keyOf('k1'), keys.keyCount], [undefined, 1]);
  });

  it('comes back from what it saved, the age of its lease included', () => {
    const first = setUp();
    const { jwk } = makeKey('k1');
    first.key('jwk.k1', jwk);
    first.key('gen.checkout', 2);
    first.key('revoked.a', first.clock.wallMs() + 10_000);
    first.state.takeLease(first.lease(7), true);
    first.clock.advance(40_000);
    const saved = JSON.parse(JSON.stringify(first.state.save()));
    const second = setUp(manualClock(first.clock.wallMs() + 5000));
    second.state.restore(saved);
    assert.ok(second.state.ready);
    assert.equal(second.ledger.leaseSeq, 7);
    assert.equal(second.state.lastWordMs, -45_000);
    assert.equal(second.keys.generationOf('checkout'), 2);
    assert.ok(second.keys.isRevoked('a'));
    assert.deepEqual(second.state.save(), saved);
  });
});

describe('KeyRing', () => {
  it('drops the revocation that expires first when there is no room', () => {
    const keys = new KeyRing();
    keys.revoke('first', 1);
    for (let each = 0; each < REVOKED_MAX; each += 1) keys.revoke(`j${each}`, 1000 + each);
    assert.equal(keys.isRevoked('first'), false);
    assert.equal(keys.isRevoked('j0'), true);
  });
});

describe('EdgeLedger', () => {
  it('keeps the counters of an edge that leaves the lease and comes back', () => {
    const { ledger } = setUp();
    ledger.applyLease(leaseOf(1, [checkoutToPayment, batchToPayment]), 0);
    const edge = ledger.find('batch', 'payment');
    assert.ok(edge?.entitled);
    edge.offered = 9;
    ledger.applyLease(leaseOf(2, [checkoutToPayment]), 0);
    assert.deepEqual([edge.entitled, edge.offered], [false, 9]);
    ledger.applyLease(leaseOf(3, [checkoutToPayment, batchToPayment]), 0);
    assert.equal(ledger.find('batch', 'payment'), edge);
    assert.ok(edge.entitled);
  });

  it('entitles nobody by a budget of 0', () => {
    const { ledger } = setUp();
    const zero = [
      { ...checkoutToPayment, budget: { cInt: 0 } },
      { ...batchToPayment, budget: { cPtr: 0 } },
    ];
    ledger.applyLease(leaseOf(1, zero), 0);
    assert.equal(ledger.find('checkout', 'payment')?.entitled, false);
    assert.equal(ledger.find('batch', 'payment')?.entitled, false);
  });

  it('counts calls beyond its bounds together', () => {
    const { ledger } = setUp();
    for (let each = 0; each < 1500; each += 1) ledger.unverified(`s${each}`, 0).offered += 1;
    ledger.unverified('Not A Name', 0).offered += 1;
    assert.equal(ledger.uncounted, 501);
    assert.equal([...ledger.records()].length, 1000);
  });
});
