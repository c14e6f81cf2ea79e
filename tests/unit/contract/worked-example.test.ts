import assert from 'node:assert/strict';
import type { CapacityPlan, EdgePlan } from '../../../core/allocators/capacity-plan.ts';
import { planCapacity } from '../../../core/allocators/plan-capacity.ts';
import type { PlanInput, ServiceObservation } from '../../../core/allocators/plan-input.ts';
import { checkAccount } from '../../../core/capacity/account.ts';
import { tokenLimit } from '../../../core/capacity/burst.ts';
import { UNLIMITED } from '../../../core/capacity/capacity-vector.ts';
import { sumLiveGrants } from '../../../core/capacity/live-capacity.ts';
import { fullBucket, levelAt, retryAfterMs, take } from '../../../core/capacity/token-bucket.ts';
import type { EdgeKey } from '../../../core/mesh/mesh-config.ts';
import { parseMeshFile } from '../../../platform/mesh-file.ts';
import { WORKED_EXAMPLE } from '../../support/worked-example.ts';

const NOTHING_SEEN: ServiceObservation = {
  learnedRps: null,
  concurrencyLimit: null,
  trimming: false,
  baselineLatencyMs: null,
  inFlight: new Map(),
};
const ROWS: readonly EdgeKey[] = ['checkout/payment', 'checkout/inventory', 'batch/payment', 'batch/inventory'];

function planOf(changes: Partial<PlanInput> = {}): CapacityPlan {
  const checked = parseMeshFile(WORKED_EXAMPLE);
  if (!checked.ok) assert.fail(JSON.stringify(checked.problems));
  return planCapacity({
    config: checked.value,
    nodes: ['node-1'],
    live: new Map(),
    services: new Map([['inventory', { ...NOTHING_SEEN, baselineLatencyMs: 20 }]]),
    offeredRps: new Map(),
    ...changes,
  });
}

function edgeOf(plan: CapacityPlan, key: EdgeKey): EdgePlan {
  const edge = plan.services
    .flatMap((service) => service.edges)
    .find((one) => `${one.workload}/${one.service}` === key);
  return edge ?? assert.fail(`no edge ${key}`);
}

const rounded = (value: number | null): number | null => (value === null ? null : Number(value.toFixed(3)));
const each = <T>(plan: CapacityPlan, read: (edge: EdgePlan) => T): T[] => ROWS.map((key) => read(edgeOf(plan, key)));

const paymentLimits = (checkout: number, batch: number): (number | null)[] => {
  const plan = planOf({
    offeredRps: new Map([
      ['checkout/payment', checkout],
      ['batch/payment', batch],
    ]),
  });
  return [rounded(edgeOf(plan, 'checkout/payment').limitRps), rounded(edgeOf(plan, 'batch/payment').limitRps)];
};

describe('worked example (CONTRACT §I)', () => {
  describe('shares', () => {
    it('guarantees 266.667 / 133.333 of payment and 300 / 200 of inventory', () => {
      assert.deepEqual(
        each(planOf(), (edge) => rounded(edge.guaranteeRps)),
        [266.667, 300, 133.333, 200],
      );
    });

    it('splits N of payment 16 / 8; inventory follows Little: 9 and 6', () => {
      assert.deepEqual(
        each(planOf(), (edge) => edge.concurrency),
        [16, 9, 8, 6],
      );
    });

    it('knows K and N of each service', () => {
      assert.deepEqual(
        planOf().services.map((service) => [service.service, service.capacityRps, service.concurrency]),
        [
          ['payment', 400, 24],
          ['inventory', 1000, null],
        ],
      );
    });

    it('leases checkout → payment for 36 s, the others for 60 s', () => {
      assert.deepEqual(
        each(planOf(), (edge) => edge.leaseMs),
        [36_000, 60_000, 60_000, 60_000],
      );
    });
  });

  describe('limits', () => {
    it('both busy', () => assert.deepEqual(paymentLimits(320, 200), [266.667, 133.333]));
    it('batch silent', () => assert.deepEqual(paymentLimits(320, 0), [320, 80]));
    it('both at half', () => assert.deepEqual(paymentLimits(160, 60), [266.667, 133.333]));
  });

  describe('Envoy', () => {
    it('σ', () => {
      assert.deepEqual(
        each(planOf(), (edge) => rounded(edge.burst)),
        [53.333, 60, 26.667, 40],
      );
    });

    it('breakers of one node', () => {
      assert.deepEqual(
        each(planOf(), ({ breaker }) => [breaker?.maxRequests, breaker?.maxConnections, breaker?.maxPendingRequests]),
        [
          [16, 32, 16],
          [9, 18, 9],
          [8, 16, 8],
          [6, 12, 6],
        ],
      );
    });

    it('payment breakers of two nodes: 8 and 4 each', () => {
      const plan = planOf({ nodes: ['node-1', 'node-2'] });
      assert.equal(plan.nodeCount, 2);
      assert.equal(edgeOf(plan, 'checkout/payment').breaker?.maxRequests, 8);
      assert.equal(edgeOf(plan, 'batch/payment').breaker?.maxRequests, 4);
    });

    it('backstops', () => {
      assert.deepEqual(
        each(planOf(), (edge) => edge.backstop),
        [
          { maxTokens: 64, tokensPerFill: 39, fillIntervalMs: 101.5625 },
          { maxTokens: 72, tokensPerFill: 36, fillIntervalMs: 100 },
          { maxTokens: 32, tokensPerFill: 24, fillIntervalMs: 100 },
          { maxTokens: 48, tokensPerFill: 24, fillIntervalMs: 100 },
        ],
      );
    });

    it('safe buckets', () => {
      assert.deepEqual(
        each(planOf(), ({ safe }) => [safe?.maxTokens, safe?.tokensPerFill, rounded(safe?.fillIntervalMs ?? null)]),
        [
          [54, 27, 101.25],
          [60, 30, 100],
          [27, 14, 105],
          [40, 20, 100],
        ],
      );
    });

    it('retry budgets of 16, 6, 10, 4 %', () => {
      assert.deepEqual(
        each(planOf(), (edge) => rounded(edge.retryBudgetPercent)),
        [16, 6, 10, 4],
      );
    });
  });

  describe('grants', () => {
    const half = { ...UNLIMITED, int: 0.5, ptr: 0.5 };

    it('admits A and B', () => {
      assert.equal(checkAccount([], half).admitted, true);
      assert.equal(checkAccount([half], half).admitted, true);
    });

    it('refuses a third tenth: int binds, nothing is available', () => {
      const check = checkAccount([half, half], { ...UNLIMITED, int: 0.1 });
      assert.deepEqual(check, {
        admitted: false,
        bindingAxes: ['int'],
        available: { ...UNLIMITED, int: 0 },
      });
    });

    it('charges nothing for a grant without vector', () => {
      assert.equal(checkAccount([half, half], UNLIMITED).admitted, true);
      assert.equal(checkAccount([UNLIMITED, half], half).admitted, true);
    });

    it('lowers the breaker of checkout/payment to 8 while only A lives', () => {
      const breaker = (grants: (typeof half)[]): number | undefined =>
        edgeOf(planOf({ live: new Map([['checkout', sumLiveGrants(grants)]]) }), 'checkout/payment').breaker
          ?.maxRequests;
      assert.equal(breaker([half]), 8);
      assert.equal(breaker([half, half]), 16);
    });

    it('leaves the levels and shares of the example alone with all granted', () => {
      const live = new Map([
        ['checkout', sumLiveGrants([half, half])],
        ['batch', sumLiveGrants([UNLIMITED])],
      ]);
      assert.deepEqual(planOf({ live }), planOf());
    });
  });

  describe('checks of token A on payment', () => {
    const edge = edgeOf(
      planOf({
        offeredRps: new Map([
          ['checkout/payment', 320],
          ['batch/payment', 200],
        ]),
      }),
      'checkout/payment',
    );
    const slice = { rateRps: edge.limitRps ?? 0, burst: edge.burst ?? 0 };
    const { rateRps, burst } = tokenLimit(0.5, slice, slice.burst);

    it('runs at 133.333 calls/s with a burst of 26.667', () => {
      assert.equal(rounded(rateRps), 133.333);
      assert.equal(rounded(burst), 26.667);
    });

    it('at 160 calls/s refuses first after 0.969 s at level 0.8333, then passes 133, 133, 134 per second', () => {
      const bucket = fullBucket(burst, 0);
      const passed = new Array<number>(20).fill(0);
      let first: { second: number; level: number; retryAfterMs: number } | null = null;
      for (let call = 0; call < 20 * 160; call += 1) {
        const nowMs = (call * 1000) / 160;
        const level = levelAt(bucket, rateRps, burst, nowMs);
        const second = Math.floor(nowMs / 1000);
        if (take(bucket, rateRps, burst, 1, nowMs)) passed[second] = (passed[second] ?? 0) + 1;
        else first ??= { second: nowMs / 1000, level, retryAfterMs: retryAfterMs(level, rateRps, 1) };
      }
      assert.ok(first);
      assert.deepEqual(
        [Number(first.second.toFixed(3)), Number(first.level.toFixed(4)), first.retryAfterMs],
        [0.969, 0.8333, 2],
      );
      assert.deepEqual(passed.slice(0, 7), [159, 133, 133, 134, 133, 133, 134]);
      const lastTen = passed.slice(10).reduce((sum, calls) => sum + calls, 0);
      assert.deepEqual([lastTen, 1600 - lastTen], [1333, 267]);
    });
  });

  describe('overload: the controller finds N = 12', () => {
    const payment = (trimming: boolean): (number | null)[] => {
      const services = new Map([['payment', { ...NOTHING_SEEN, concurrencyLimit: 12, trimming }]]);
      const plan = planOf({ services });
      return [edgeOf(plan, 'checkout/payment').concurrency, edgeOf(plan, 'batch/payment').concurrency];
    };

    it('steady 8 / 4', () => assert.deepEqual(payment(false), [8, 4]));
    it('while shedding batch keeps 1 and checkout has 11', () => assert.deepEqual(payment(true), [11, 1]));
  });
});
