import assert from 'node:assert/strict';
import fc from 'fast-check';
import { countArrival, createArrivalMeter, takeLevelMax } from '../../../../core/admission/arrival-meter.ts';
import {
  checkCall,
  createTokenShare,
  type EdgeState,
  explainExhaustion,
  RETRY_AFTER_MAX_MS,
  type TokenShare,
} from '../../../../core/admission/check-call.ts';
import { createEdgeLimit, type LeasedSlice, renewSlice } from '../../../../core/admission/edge-limit.ts';
import { createEdgeOverlay } from '../../../../core/admission/edge-overlay.ts';
import { statusOf } from '../../../../core/admission/refusal-reason.ts';

const slice: LeasedSlice = {
  rateRps: 100,
  burst: 40,
  safeRateRps: 10,
  safeBurst: 5,
  guaranteeBurst: 40,
  leaseMs: 1000,
};

const FIRST_ATTEMPT = { prio: 5, retry: false };

const edgeOf = (own: LeasedSlice = slice): EdgeState => ({
  entitled: true,
  overlay: createEdgeOverlay(),
  limit: createEdgeLimit(own, 0),
});

const drainBy = (edge: EdgeState, share: TokenShare | null, nowMs: number): number => {
  let admitted = 0;
  while (checkCall(edge, share, FIRST_ATTEMPT, 0, nowMs) === null) admitted += 1;
  return admitted;
};

describe('checkCall (CONTRACT §D, §F)', () => {
  it('lets no token and no edge pass more than burst + rate × time, and charges nothing for a refusal', () => {
    const calls = fc.array(fc.tuple(fc.double({ min: 0, max: 30, noNaN: true }), fc.nat(1)), { maxLength: 400 });
    const intShares = fc.tuple(fc.constantFrom(null, 0.1, 0.5, 1), fc.constantFrom(null, 0.1, 0.5, 1));
    fc.assert(
      fc.property(calls, intShares, (arrivals, [a, b]) => {
        const edge = edgeOf();
        const shares = [createTokenShare(a, edge.limit, 0), createTokenShare(b, edge.limit, 0)];
        const admitted = [0, 0];
        let nowMs = 0;
        for (const [gapMs, which] of arrivals) {
          nowMs += gapMs;
          const share = shares[which]!;
          const before = { edge: { ...edge.limit.bucket }, token: { ...share.bucket } };
          if (checkCall(edge, share, FIRST_ATTEMPT, 0, nowMs) === null) admitted[which]! += 1;
          else assert.deepEqual({ edge: edge.limit.bucket, token: share.bucket }, before);
          assert.ok(admitted[0]! + admitted[1]! <= 40 + nowMs / 10 + 1e-6);
          const own = (which === 0 ? a : b) ?? 1;
          assert.ok(admitted[which]! <= Math.max(25, own * 40) + (own * nowMs) / 10 + 1e-6);
        }
      }),
    );
  });

  it('gives a slice its share of the token burst, at least 5', () => {
    const quarter: LeasedSlice = { ...slice, rateRps: 25, burst: 10 };
    assert.equal(createTokenShare(0.5, edgeOf(quarter).limit, 0).burst, 6.25);
    assert.equal(createTokenShare(0.1, edgeOf({ ...quarter, burst: 5 }).limit, 0).burst, 5);
  });

  it('grants no second burst when a slice is renewed or the lease comes back', () => {
    const edge = edgeOf();
    assert.equal(drainBy(edge, null, 0), 40);
    renewSlice(edge.limit, { ...slice, rateRps: 200, burst: 80 }, 0);
    assert.equal(drainBy(edge, null, 0), 0);
    assert.equal(checkCall(edge, null, FIRST_ATTEMPT, 1001, 0), 'budget-exhausted');
    assert.equal(edge.limit.rateRps, 10);
    assert.equal(drainBy(edge, null, 0), 0);
  });

  it('refills once for the time that passed, however often the slice is renewed in it', () => {
    const edge = edgeOf();
    drainBy(edge, null, 0);
    for (let renewal = 0; renewal < 5; renewal += 1) renewSlice(edge.limit, slice, 100);
    assert.equal(drainBy(edge, null, 100), 10);
  });

  it('follows a changed limit in the token buckets that it already gave out', () => {
    const edge = edgeOf();
    const share = createTokenShare(0.5, edge.limit, 0);
    drainBy(edge, share, 0);
    renewSlice(edge.limit, { ...slice, rateRps: 400 }, 0);
    checkCall(edge, share, FIRST_ATTEMPT, 0, 0);
    assert.equal(share.rateRps, 200);
  });

  it('tells the longer of the two pauses', () => {
    const edge = edgeOf();
    const share = createTokenShare(0.1, edge.limit, 0);
    assert.equal(drainBy(edge, share, 0), 25);
    assert.deepEqual(explainExhaustion(edge, share, 0), { retryAfterMs: 100, remaining: 0, rateRps: 10 });
    assert.equal(drainBy(edge, null, 0), 15);
    assert.deepEqual(explainExhaustion(edge, null, 0), { retryAfterMs: 10, remaining: 0, rateRps: 100 });
    const dry = edgeOf({ ...slice, rateRps: 0, burst: 0 });
    assert.equal(explainExhaustion(dry, null, 0).retryAfterMs, RETRY_AFTER_MAX_MS);
  });
});

describe('arrival meter (CONTRACT §I: largest admitted level)', () => {
  it('rises with arrivals above the rate and drains at it', () => {
    const meter = createArrivalMeter(0);
    for (let call = 0; call < 12; call += 1) countArrival(meter, 100, 0);
    countArrival(meter, 100, 50);
    assert.equal(takeLevelMax(meter, 100, 1000), 12);
    assert.equal(takeLevelMax(meter, 100, 2000), 0);
  });
});

describe('statusOf (CONTRACT §F)', () => {
  it('gives callers that speak gRPC 16, 7, 8, 14 for 401, 403, 429, 503', () => {
    assert.deepEqual(statusOf('token-expired'), { http: 401, grpc: 16 });
    assert.deepEqual(statusOf('workload-fenced'), { http: 403, grpc: 7 });
    assert.deepEqual(statusOf('load-exhausted'), { http: 429, grpc: 8 });
    assert.deepEqual(statusOf('shed-priority'), { http: 503, grpc: 14 });
  });
});
