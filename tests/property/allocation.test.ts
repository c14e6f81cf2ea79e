import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CapacityAllocator } from '../../core/allocators/capacity-allocator.ts';
import type { CapacityPlan, EdgePlan } from '../../core/allocators/capacity-plan.ts';
import { planCapacity } from '../../core/allocators/plan-capacity.ts';
import type { PlanInput } from '../../core/allocators/plan-input.ts';
import type { PoolShare, WorkloadSpec } from '../../core/allocators/workload-spec.ts';
import { couplingShares, pointerShares } from '../../core/capacity/axis-shares.ts';
import { AXES, type Axis, UNLIMITED } from '../../core/capacity/capacity-vector.ts';
import { type BudgetConfig, edgeKey } from '../../core/mesh/mesh-config.ts';
import { capacityVector } from '../support/arbitrary-mesh.ts';
import { planInput, withBudget } from '../support/arbitrary-plan-input.ts';

const DUST = 1e-6;
/** Evenly spread, which a `fc.double` down to 0 is not. */
const real = (min: number, max: number) =>
  fc.integer({ min: 0, max: 10_000 }).map((step) => min + ((max - min) * step) / 10_000);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const sum = (values: readonly (number | null)[]): number =>
  values.reduce<number>((total, one) => total + (one ?? 0), 0);

const others: fc.Arbitrary<PoolShare[]> = fc.array(
  fc.record({ vector: capacityVector, weight: real(0.01, 100) }, { noNullPrototype: true }),
  { maxLength: 5 },
);
const workloads: fc.Arbitrary<WorkloadSpec> = fc.record({
  workloadId: fc.constant('web'),
  weight: real(0.01, 100),
  pool: fc.record({
    capacity: fc.record({
      rps: maybe(real(1, 1e5)),
      concurrency: maybe(real(1, 1000)),
      cpuMsPerSec: maybe(real(1, 1e5)),
      memoryMiB: maybe(real(1, 1e5)),
    }),
    nodes: fc.integer({ min: 1, max: 5 }),
    replicas: fc.integer({ min: 1, max: 7 }),
    endpointsPerLevel: fc.array(fc.nat({ max: 20 }), { minLength: 5, maxLength: 5 }),
    others,
  }),
});
const fraction = fc.oneof(fc.constantFrom(0, 0.2, 0.4, 0.5, 0.6, 0.8, 1), real(0, 1));

/** Numbers and flags of an assignment by name; a flag counts 1. */
function figures(value: unknown, path = ''): Map<string, number> {
  if (typeof value === 'number' || typeof value === 'boolean') return new Map([[path, Number(value)]]);
  if (typeof value !== 'object' || value === null) return new Map();
  return new Map(Object.entries(value).flatMap(([key, inner]) => [...figures(inner, `${path}.${key}`)]));
}

/** @param falling what is meant to become smaller */
function assertNoLess(after: unknown, before: unknown, falling: readonly string[] = []): void {
  const larger = figures(after);
  for (const [name, value] of figures(before)) {
    const sign = falling.includes(name) ? -1 : 1;
    // A limit that is gone is no smaller limit.
    const now = larger.get(name) ?? Number.POSITIVE_INFINITY * sign;
    assert.ok(sign * now >= sign * value - DUST * Math.max(1, Math.abs(value)), `${name}: ${now} after ${value}`);
  }
}

/**
 * What becomes smaller: a larger C_int bears fewer failures of an endpoint
 * (MATHS §B5), and more agreement by C_gauge costs rounds, and members that may
 * be away (CONTRACT §D).
 */
const FALLING: Readonly<Record<Axis, readonly string[]>> = {
  geo: [],
  int: ['.errorThreshold'],
  gauge: ['.leaseMs', '.faultsTolerated', '.proposalsPerSec'],
  ptr: [],
  obs: [],
};

describe('each allocator gives more, and never less, for a larger C (CONTRACT §D)', () => {
  const allocator = new CapacityAllocator();
  for (const axis of AXES) {
    it(`C_${axis}`, () => {
      fc.assert(
        fc.property(workloads, fraction, fraction, (workload, a, b) => {
          const of = (C: number) => allocator.allocate({ ...UNLIMITED, [axis]: C }, workload)[axis];
          assert.ok(figures(of(1)).size > 0 || axis === 'int' || axis === 'ptr');
          assertNoLess(of(Math.max(a, b)), of(Math.min(a, b)), FALLING[axis]);
        }),
        { numRuns: 200 },
      );
    });
  }
});

describe('shares of a pool never add up to more than there is (CONTRACT §D)', () => {
  const askers = fc.array(fc.record({ fraction: maybe(fraction), weight: real(0.01, 100) }), { maxLength: 8 });

  it('calls per second and CPU by C_int, memory by C_ptr', () => {
    fc.assert(
      fc.property(real(0, 1e5), askers, (capacity, all) => {
        for (const shares of [couplingShares(capacity, all), pointerShares(capacity, all)]) {
          assert.ok(sum(shares) <= capacity * (1 + 1e-9), `${sum(shares)} of ${capacity}`);
          shares.forEach((share, i) => {
            const asked = all[i]?.fraction ?? null;
            if (asked === null) assert.equal(share, null);
            else assert.ok(share !== null && share >= 0 && share <= asked * capacity + DUST);
          });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('guarantees of a plan keep within K, and N_e within N where each has more than one call', () => {
    fc.assert(
      fc.property(planInput, (input) => {
        for (const { capacityRps, concurrency, edges } of planCapacity(input).services) {
          const guarantees = sum(edges.map(({ guaranteeRps }) => guaranteeRps));
          assert.ok(guarantees <= (capacityRps ?? Number.POSITIVE_INFINITY) * (1 + 1e-9));
          const pointed = edges.filter(({ budget }) => budget.ptr !== null);
          if (concurrency === null || pointed.some((edge) => edge.concurrency === 1)) continue;
          assert.ok(sum(pointed.map((edge) => edge.concurrency)) <= concurrency * (1 + 1e-9));
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('raising one C of one edge never lowers that edge (CONTRACT §D)', () => {
  const edgeOf = (plan: CapacityPlan, { workload, service }: BudgetConfig): EdgePlan | undefined =>
    plan.services.find((one) => one.service === service)?.edges.find((edge) => edge.workload === workload);

  /** What an edge may do at most. */
  const bounds = ({ guaranteeRps, limitRps, burst, concurrency, breaker, retryBudgetPercent }: EdgePlan) => ({
    guaranteeRps,
    limitRps,
    burst,
    concurrency,
    maxRequests: breaker?.maxRequests ?? null,
    retryBudgetPercent,
  });

  for (const axis of AXES) {
    it(`C_${axis}`, () => {
      let raised = 0;
      fc.assert(
        fc.property(planInput, fc.nat(), fraction, (input: PlanInput, which, to) => {
          const lines = [...input.config.budgets.values()];
          const budget = lines[which % Math.max(1, lines.length)];
          const from = budget?.vector[axis] ?? null;
          if (budget === undefined || from === null || to <= from) return;
          const before = edgeOf(planCapacity(input), budget);
          const larger = { ...budget, vector: { ...budget.vector, [axis]: to } };
          const after = edgeOf(planCapacity(withBudget(input, larger)), budget);
          if (before === undefined) return;
          assert.ok(after, `${edgeKey(budget.workload, budget.service)} is gone`);
          assertNoLess(bounds(after), bounds(before));
          raised += 1;
        }),
        { numRuns: 500 },
      );
      assert.ok(raised > 20, `only ${raised} edges were raised`);
    });
  }
});
