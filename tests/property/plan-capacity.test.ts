import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { BucketPlan, EdgePlan, ServicePlan } from '../../core/allocators/capacity-plan.ts';
import { planCapacity } from '../../core/allocators/plan-capacity.ts';
import type { PlanInput } from '../../core/allocators/plan-input.ts';
import { edgeDemands, serviceFigures } from '../../core/allocators/service-figures.ts';
import { edgeKey } from '../../core/mesh/mesh-config.ts';
import { planInput } from '../support/arbitrary-plan-input.ts';

const DUST = 1e-6;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function everyService(check: (service: ServicePlan, input: PlanInput) => void): void {
  fc.assert(
    fc.property(planInput, (input) => {
      for (const service of planCapacity(input).services) check(service, input);
    }),
    { numRuns: 300 },
  );
}

const everyEdge = (check: (edge: EdgePlan, service: ServicePlan, input: PlanInput) => void): void =>
  everyService((service, input) => {
    for (const edge of service.edges) check(edge, service, input);
  });

describe('planCapacity()', () => {
  it('never gives out more than K (CONTRACT §D: Σ limit ≤ K always)', () => {
    everyService((service) => {
      const limits = sum(service.edges.map((edge) => edge.limitRps ?? 0));
      assert.ok(limits <= (service.capacityRps ?? Number.POSITIVE_INFINITY) * (1 + 1e-9));
    });
  });

  it('holds nobody below its guarantee unless others use it', () => {
    everyService((service, input) => {
      const own = input.config.services.get(service.service);
      assert.ok(own);
      const lines = service.edges.map((edge) => {
        const key = edgeKey(edge.workload, edge.service);
        const budget = input.config.budgets.get(key);
        const workload = input.config.workloads.get(edge.workload);
        assert.ok(budget && workload);
        return { key, budget, workload };
      });
      const { edges, capacityRps } = serviceFigures(own, lines, input.services.get(own.name), input.offeredRps);
      if (capacityRps === null) return;
      const { demandRps } = edgeDemands(capacityRps, lines, input.offeredRps);
      const rates = edges.flatMap(({ rate }, i) => (rate ? [{ ...rate, demandRps: demandRps[i] ?? Number.NaN }] : []));
      const short = rates.some((rate) => rate.limitRps < rate.guaranteeRps - DUST);
      for (const rate of rates) {
        if (rate.demandRps >= rate.guaranteeRps) assert.ok(rate.limitRps >= rate.guaranteeRps - DUST);
        if (short) assert.ok(rate.limitRps <= Math.max(rate.demandRps, rate.guaranteeRps) + DUST, 'room left unused');
      }
      if (short) assert.ok(sum(rates.map((rate) => rate.limitRps)) >= capacityRps * (1 - 1e-9), 'K left unused');
    });
  });

  it('limits no edge above what its budget asks, and never to nothing', () => {
    everyEdge((edge, service) => {
      if (edge.limitRps === null || edge.guaranteeRps === null || service.capacityRps === null) return;
      const asked = (edge.budget.int ?? 1) * service.capacityRps;
      assert.ok(edge.limitRps <= asked * (1 + 1e-9));
      assert.ok(edge.guaranteeRps <= asked * (1 + 1e-9));
      if (asked > DUST) assert.ok(edge.limitRps > 0);
    });
  });

  it('scales with the unit of rates', () => {
    fc.assert(
      fc.property(planInput, fc.constantFrom(0.5, 2, 10), (input, unit) => {
        const times = (value: number | null): number | null => (value === null ? null : value * unit);
        const scaled = planCapacity({
          ...input,
          config: {
            ...input.config,
            services: new Map(
              [...input.config.services].map(([name, service]) => [
                name,
                { ...service, capacity: { ...service.capacity, rps: times(service.capacity.rps) } },
              ]),
            ),
          },
          services: new Map(
            [...input.services].map(([name, seen]) => [name, { ...seen, learnedRps: times(seen.learnedRps) }]),
          ),
          offeredRps: { get: (edge) => unit * (input.offeredRps.get(edge) ?? 0) },
        });
        const rates = (plan: ReturnType<typeof planCapacity>): (number | null)[] =>
          plan.services.flatMap((service) => service.edges.flatMap((edge) => [edge.guaranteeRps, edge.limitRps]));
        const before = rates(planCapacity(input));
        rates(scaled).forEach((rate, i) => {
          const expected = times(before[i] ?? null);
          if (rate === null || expected === null) assert.equal(rate, expected);
          else assert.ok(Math.abs(rate - expected) <= 1e-6 * Math.max(1, expected), `${rate}, expected ${expected}`);
        });
      }),
    );
  });

  it('keeps the calls in flight of an overloaded service within N', () => {
    everyService((service, input) => {
      const seen = input.services.get(service.service);
      if (!seen?.trimming || service.concurrency === null) return;
      const inFlight = sum(service.edges.map((edge) => edge.concurrency ?? Number.NaN));
      assert.ok(inFlight <= Math.max(Math.floor(service.concurrency + DUST), service.edges.length));
    });
  });

  it('lets every edge have at least one call in flight, and an ungranted axis none', () => {
    everyEdge((edge, _, input) => {
      if (edge.concurrency === null) {
        assert.equal(edge.breaker, null);
        return;
      }
      assert.ok(Number.isInteger(edge.concurrency) && edge.concurrency >= 1);
      const live = input.live.get(edge.workload)?.ptr ?? 1;
      assert.ok(edge.breaker && Number.isInteger(edge.breaker.maxRequests));
      if (live > 0) assert.ok(edge.breaker.maxRequests >= 1);
      if (live === 0) assert.equal(edge.breaker.maxRequests, 0);
      assert.equal(edge.breaker.maxConnections, 2 * edge.breaker.maxRequests);
      assert.equal(edge.breaker.maxPendingRequests, edge.breaker.maxRequests);
    });
  });

  it('renders a limit, a burst and a backstop together or not at all', () => {
    everyEdge((edge, service) => {
      const known = edge.budget.int !== null && service.capacityRps !== null;
      for (const number of [edge.guaranteeRps, edge.limitRps, edge.burst, edge.backstop]) {
        assert.equal(number !== null, known);
      }
    });
  });

  it('makes buckets that Envoy takes', () => {
    everyService((service) => {
      const buckets = [service.unverified, ...service.edges.flatMap((edge) => [edge.backstop, edge.safe])];
      for (const bucket of buckets.filter((one): one is BucketPlan => one !== null)) {
        assert.ok(Number.isInteger(bucket.maxTokens) && bucket.maxTokens >= 1);
        assert.ok(Number.isInteger(bucket.tokensPerFill) && bucket.tokensPerFill >= 1);
        assert.ok(bucket.fillIntervalMs >= 50 && bucket.fillIntervalMs <= 3_600_000);
      }
    });
  });

  it('makes no edge of a budget that denies', () => {
    everyEdge((edge) => assert.ok(edge.budget.int !== 0 && edge.budget.ptr !== 0));
  });
});
