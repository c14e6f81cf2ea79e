import fc from 'fast-check';
import type { PlanInput } from '../../core/allocators/plan-input.ts';
import { sumLiveGrants } from '../../core/capacity/live-capacity.ts';
import { type BudgetConfig, edgeKey } from '../../core/mesh/mesh-config.ts';
import { capacityVector, meshConfig, real } from './arbitrary-mesh.ts';

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });

const observation = fc.record({
  learnedRps: maybe(real(0.1, 1e5)),
  concurrencyLimit: maybe(real(1, 2000)),
  trimming: fc.boolean(),
  baselineLatencyMs: maybe(real(0.1, 5000)),
});

/** Any state in which a plan may be asked for. */
export const planInput: fc.Arbitrary<PlanInput> = meshConfig.chain((config) => {
  const edges = [...config.budgets.keys()];
  const byEdge = (max: number) =>
    fc
      .tuple(...edges.map(() => maybe(real(0, max))))
      .map(
        (values) => new Map(edges.flatMap((key, i) => (values[i] === null ? [] : [[key, values[i] ?? 0] as const]))),
      );
  return fc
    .record({
      nodeCount: fc.integer({ min: 0, max: 5 }),
      grants: fc.tuple(...[...config.workloads.keys()].map(() => fc.array(capacityVector, { maxLength: 3 }))),
      observations: fc.tuple(...[...config.services.keys()].map(() => maybe(observation))),
      inFlight: byEdge(500),
      offeredRps: byEdge(5000),
    })
    .map(({ nodeCount, grants, observations, inFlight, offeredRps }) => ({
      config,
      nodes: Array.from({ length: nodeCount }, (_, i) => `node-${i + 1}`),
      live: new Map(
        [...config.workloads.keys()].flatMap((name, i) => {
          const live = grants[i] ?? [];
          return live.length > 0 ? [[name, sumLiveGrants(live)] as const] : [];
        }),
      ),
      services: new Map(
        [...config.services.keys()].flatMap((name, i) => {
          const seen = observations[i];
          return seen ? [[name, { ...seen, inFlight }] as const] : [];
        }),
      ),
      offeredRps,
    }));
});

/** The same input with one budget line changed. */
export const withBudget = (input: PlanInput, budget: BudgetConfig): PlanInput => ({
  ...input,
  config: {
    ...input.config,
    budgets: new Map(input.config.budgets).set(edgeKey(budget.workload, budget.service), budget),
  },
});
