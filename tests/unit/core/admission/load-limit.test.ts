import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  checkLoadedCall,
  createTokenShare,
  type EdgeState,
  type LoadedCall,
} from '../../../../core/admission/check-call.ts';
import { createEdgeLimit } from '../../../../core/admission/edge-limit.ts';
import { createEdgeOverlay, renewOverlay } from '../../../../core/admission/edge-overlay.ts';
import {
  createLoadCounts,
  createLoadLimit,
  type LoadLimit,
  type LoadReservation,
  loadFits,
  loadRetryAfterMs,
  OPEN_MAX,
  renewLoadShare,
  reserveLoad,
  settleLoad,
} from '../../../../core/admission/load-limit.ts';
import { couplingShares, pointerShares } from '../../../../core/capacity/axis-shares.ts';

const SLICE = { rateRps: 100, burst: 40, safeRateRps: 10, safeBurst: 5, guaranteeBurst: 40, leaseMs: 1e9 };
const TIMEOUT_MS = 1000;

const edgeOf = (rateRps: number | undefined = 100): EdgeState => ({
  entitled: true,
  overlay: createEdgeOverlay(),
  limit: createEdgeLimit({ ...SLICE, rateRps }, 0),
});

const limitOf = (cpuMsPerSec: number | null, memoryMiB: number | null): LoadLimit =>
  createLoadLimit({ cpuMsPerSec, memoryMiB }, 0);

const call = (cpu: number, memoryMb: number, more: Partial<LoadedCall> = {}): LoadedCall => ({
  prio: 5,
  retry: false,
  breakerOpen: false,
  estimate: { cpu, memoryMb },
  timeoutMs: TIMEOUT_MS,
  ...more,
});

const admitted = (verdict: ReturnType<typeof checkLoadedCall>): LoadReservation => {
  assert.ok(verdict !== null && typeof verdict !== 'string', `refused: ${String(verdict)}`);
  return verdict;
};

describe('load limit (CONTRACT §D)', () => {
  it('lets CPU pass at the rate of the share, one second of it at once', () => {
    const limit = limitOf(200, null);
    let passed = 0;
    for (let ms = 0; ms < 10_000; ms += 10) {
      if (!loadFits(limit, { cpu: 10, memoryMb: 0 }, ms)) continue;
      passed += 10;
      settleLoad(limit, reserveLoad(limit, { cpu: 10, memoryMb: 0 }, TIMEOUT_MS, ms), null, ms);
    }
    assert.ok(Math.abs(passed - (200 + 200 * 9.99)) <= 10, `${passed}`);
  });

  it('holds memory while calls run, and frees it when they are settled or time out', () => {
    const limit = limitOf(null, 1024);
    const half = { cpu: 0, memoryMb: 512 };
    const first = reserveLoad(limit, half, TIMEOUT_MS, 0);
    reserveLoad(limit, half, TIMEOUT_MS, 400);
    assert.equal(loadFits(limit, { cpu: 0, memoryMb: 1 }, 500), false);
    assert.equal(loadRetryAfterMs(limit, half, 500), 500);
    settleLoad(limit, first, null, 600);
    settleLoad(limit, first, null, 600);
    assert.equal(limit.memoryHeldMb, 512, 'a call is settled once');
    assert.equal(loadFits(limit, half, 600), true);
    assert.equal(loadFits(limit, { cpu: 0, memoryMb: 1024 }, 1399), false);
    assert.equal(loadFits(limit, { cpu: 0, memoryMb: 1024 }, 1400), true, 'the second has timed out');
    assert.equal(limit.memoryHeldMb, 0);
  });

  it('charges CPU as it was needed, and more is owed', () => {
    const limit = limitOf(100, null);
    settleLoad(limit, reserveLoad(limit, { cpu: 10, memoryMb: 0 }, TIMEOUT_MS, 0), { cpu: 130, memoryMb: 0 }, 0);
    assert.equal(loadFits(limit, { cpu: 0.001, memoryMb: 0 }, 290), false);
    assert.equal(loadFits(limit, { cpu: 0.001, memoryMb: 0 }, 310), true);
  });

  it('scales estimates by how wrong they were, between a quarter and four times', () => {
    const learned = (cpu: number): number => {
      const limit = limitOf(1e9, 1e9);
      const estimate = { cpu: 10, memoryMb: 10 };
      for (let i = 0; i < 20; i++) {
        settleLoad(limit, reserveLoad(limit, estimate, TIMEOUT_MS, 0), { cpu, memoryMb: 10 }, 0);
      }
      const { reserved } = reserveLoad(limit, estimate, TIMEOUT_MS, 0);
      assert.ok(Math.abs(reserved.memoryMb - 10) < 1e-9);
      return Number((reserved.cpu / 10).toFixed(6));
    };
    assert.deepEqual([1, 5, 10, 25, 100].map(learned), [0.25, 0.5, 1, 2.5, 4]);
  });

  it('learns nothing of estimates from calls without one', () => {
    const limit = limitOf(1e9, 1e9);
    const settle = (cpu: number, needed: number) =>
      settleLoad(limit, reserveLoad(limit, { cpu, memoryMb: 0 }, TIMEOUT_MS, 0), { cpu: needed, memoryMb: 0 }, 0);
    settle(10, 20);
    settle(0, 1000);
    assert.equal(reserveLoad(limit, { cpu: 10, memoryMb: 0 }, TIMEOUT_MS, 0).reserved.cpu, 20);
  });

  it('tells when a call may fit, and that one larger than everything never does', () => {
    const limit = limitOf(100, 64);
    reserveLoad(limit, { cpu: 100, memoryMb: 0 }, TIMEOUT_MS, 0);
    assert.equal(loadRetryAfterMs(limit, { cpu: 25, memoryMb: 0 }, 0), 250);
    assert.equal(loadRetryAfterMs(limit, { cpu: 101, memoryMb: 0 }, 0), Number.POSITIVE_INFINITY);
    assert.equal(loadRetryAfterMs(limit, { cpu: 0, memoryMb: 65 }, 0), Number.POSITIVE_INFINITY);
  });

  it('keeps what is in flight when its share changes, and grants no second burst', () => {
    const limit = limitOf(100, 64);
    reserveLoad(limit, { cpu: 100, memoryMb: 48 }, TIMEOUT_MS, 0);
    renewLoadShare(limit, { cpuMsPerSec: 1000, memoryMiB: 64 }, 0);
    assert.equal(loadFits(limit, { cpu: 1, memoryMb: 0 }, 0), false);
    assert.equal(loadFits(limit, { cpu: 1, memoryMb: 0 }, 1), true, 'it fills at the new rate');
    renewLoadShare(limit, { cpuMsPerSec: 1000, memoryMiB: 32 }, 1);
    assert.equal(loadFits(limit, { cpu: 1, memoryMb: 0 }, 1), false, 'more memory is held than the new share');
  });

  it('bounds nothing without a share, starts with a full bucket once it has one, and waits for no memory', () => {
    const limit = limitOf(null, null);
    assert.ok(loadFits(limit, { cpu: 1e9, memoryMb: 1e9 }, 0));
    reserveLoad(limit, { cpu: 1e9, memoryMb: 1e9 }, TIMEOUT_MS, 0);
    assert.equal(loadRetryAfterMs(limit, { cpu: 1, memoryMb: 1e9 }, 0), 0);
    renewLoadShare(limit, { cpuMsPerSec: 200, memoryMiB: null }, 10);
    assert.ok(loadFits(limit, { cpu: 200, memoryMb: 1e9 }, 10));
    assert.ok(!loadFits(limit, { cpu: 201, memoryMb: 0 }, 10));
    renewLoadShare(limit, { cpuMsPerSec: null, memoryMiB: null }, 20);
    assert.ok(loadFits(limit, { cpu: 1e9, memoryMb: 0 }, 20));
  });

  it('takes what is not told as estimated, field by field', () => {
    const limit = limitOf(1000, 1000);
    const settle = (needed: object) =>
      settleLoad(limit, reserveLoad(limit, { cpu: 10, memoryMb: 10 }, TIMEOUT_MS, 0), needed, 0);
    settle({ memoryMb: 20 });
    assert.equal(limit.cpu.level, 990);
    settle({ cpu: 15 });
    assert.equal(limit.cpu.level, 975);
    const { reserved } = reserveLoad(limit, { cpu: 10, memoryMb: 10 }, TIMEOUT_MS, 0);
    assert.deepEqual(reserved, { cpu: 15, memoryMb: 20 });
  });

  it('lets a call that fits by itself pass alone, however wrong earlier estimates were', () => {
    const limit = limitOf(100, 64);
    const settle = (cpu: number, memoryMb: number, needed: object) =>
      settleLoad(limit, reserveLoad(limit, { cpu, memoryMb }, TIMEOUT_MS, 0), needed, 0);
    settle(10, 10, { cpu: 40, memoryMb: 40 });
    const large = { cpu: 50, memoryMb: 32 };
    assert.equal(loadFits(limit, large, 0), false, 'CPU is owed');
    assert.equal(loadFits(limit, large, 1000), true);
    const alone = reserveLoad(limit, large, TIMEOUT_MS, 1000);
    assert.deepEqual(alone.reserved, { cpu: 100, memoryMb: 64 }, 'all there is, not four times the estimate');
    assert.equal(loadFits(limit, { cpu: 0, memoryMb: 1 }, 1000), false);
    assert.equal(loadRetryAfterMs(limit, { cpu: 101, memoryMb: 0 }, 1000), Number.POSITIVE_INFINITY);
  });

  it('remembers no more than a minute of CPU that is owed', () => {
    const limit = limitOf(100, null);
    settleLoad(limit, reserveLoad(limit, { cpu: 1, memoryMb: 0 }, TIMEOUT_MS, 0), { cpu: 1e9 }, 0);
    assert.equal(limit.cpu.level, -6000);
  });

  it('shares the bound on open calls with the other edges of its checker', () => {
    const counts = createLoadCounts();
    const limit = createLoadLimit({ cpuMsPerSec: null, memoryMiB: 10 }, 0, counts);
    reserveLoad(limit, { cpu: 0, memoryMb: 1 }, TIMEOUT_MS, 0);
    assert.equal(counts.open, 1);
    counts.open = 100_000;
    assert.equal(loadFits(limit, { cpu: 0, memoryMb: 1 }, 0), false);
    assert.equal(loadRetryAfterMs(limit, { cpu: 0, memoryMb: 1 }, 0), TIMEOUT_MS);
    assert.equal(loadFits(limit, { cpu: 0, memoryMb: 1 }, TIMEOUT_MS), true, 'its own call has timed out');
    assert.equal(counts.timedOut, 1);
  });

  it('keeps no more open calls than it can', () => {
    const limit = limitOf(null, 1e9);
    for (let i = 0; i < OPEN_MAX; i++) reserveLoad(limit, { cpu: 0, memoryMb: 1 }, TIMEOUT_MS, 0);
    assert.equal(loadFits(limit, { cpu: 0, memoryMb: 1 }, 0), false);
    assert.equal(loadFits(limit, { cpu: 0, memoryMb: 1 }, TIMEOUT_MS), true);
  });
});

describe('checkLoadedCall (CONTRACT §F)', () => {
  it('charges load, token and edge together, and a refusal charges nothing', () => {
    const share = fc.constantFrom(0.1, 0.5, 1, null);
    const arrival = fc.tuple(
      fc.integer({ min: 0, max: 30 }),
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 300 }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(share, fc.array(arrival, { maxLength: 200, size: 'max' }), (intShare, arrivals) => {
        const edge = edgeOf();
        const token = createTokenShare(intShare, edge.limit, 0);
        const limit = limitOf(500, 1024);
        const open: LoadReservation[] = [];
        let nowMs = 0;
        for (const [gapMs, cpu, memoryMb, settles] of arrivals) {
          nowMs += gapMs;
          loadFits(limit, { cpu, memoryMb }, nowMs);
          const before = [{ ...edge.limit.bucket }, { ...token.bucket }, { ...limit.cpu }, limit.memoryHeldMb];
          const verdict = checkLoadedCall(edge, limit, token, call(cpu, memoryMb), 0, nowMs);
          if (typeof verdict === 'string') {
            assert.deepEqual([edge.limit.bucket, token.bucket, limit.cpu, limit.memoryHeldMb], before);
          } else open.push(admitted(verdict));
          assert.ok(limit.memoryHeldMb <= 1024 * (1 + 1e-6));
          assert.ok(limit.cpu.level >= -1e-6);
          if (settles) for (const reservation of open.splice(0)) settleLoad(limit, reservation, null, nowMs);
        }
      }),
    );
  });

  it('refuses in the order entitlement, fence, breaker, load, rate', () => {
    const edge = edgeOf(0);
    const full = limitOf(100, 1);
    const nothing = call(0, 2, { breakerOpen: true });
    edge.limit.bucket.level = 0;
    edge.entitled = false;
    assert.equal(checkLoadedCall(edge, full, null, nothing, 0, 0), 'edge-not-entitled');
    edge.entitled = true;
    const actions = { overlayExpiresInMs: 1000, shedBelowPrio: 0, shedRatio: 0, shedRetries: false, fenced: true };
    renewOverlay(edge.overlay, actions, 0);
    assert.equal(checkLoadedCall(edge, full, null, nothing, 0, 0), 'workload-fenced');
    renewOverlay(edge.overlay, { ...actions, fenced: false }, 0);
    assert.equal(checkLoadedCall(edge, full, null, nothing, 0, 0), 'breaker-open');
    assert.equal(checkLoadedCall(edge, full, null, call(0, 2), 0, 0), 'load-exhausted');
    assert.equal(checkLoadedCall(edge, full, null, call(0, 1), 0, 0), 'budget-exhausted');
  });

  it('is bounded by the load alone where the edge has no rate limit', () => {
    const edge: EdgeState = { ...edgeOf(), limit: createEdgeLimit({ ...SLICE, rateRps: undefined }, 0) };
    const limit = limitOf(100, null);
    admitted(checkLoadedCall(edge, limit, null, call(100, 0), 0, 0));
    assert.equal(checkLoadedCall(edge, limit, null, call(1, 0), 0, 0), 'load-exhausted');
  });
});

describe('shares of load (CONTRACT §D)', () => {
  const askers = [
    { fraction: 0.8, weight: 2 },
    { fraction: 0.5, weight: 1 },
  ];

  it('are water-filled like rates', () => {
    assert.deepEqual(couplingShares(4000, askers), [2666.6666666666665, 1333.3333333333335]);
    assert.deepEqual(pointerShares(1000, [{ fraction: 0.2, weight: 1 }, askers[1]!]), [200, 500]);
  });

  it('are no limit where the capacity or the fraction is not set', () => {
    assert.deepEqual(couplingShares(null, askers), [null, null]);
    assert.deepEqual(pointerShares(null, askers), [null, null]);
    const open = { fraction: null, weight: 1 };
    const most = { fraction: 0.8, weight: 1 };
    assert.deepEqual(couplingShares(1000, [open, most]), [null, 500], 'it takes part as 1');
    assert.deepEqual(couplingShares(1000, [most]), [800]);
    assert.deepEqual(pointerShares(1000, [open, { fraction: 1, weight: 1 }]), [null, 1000]);
  });
});
