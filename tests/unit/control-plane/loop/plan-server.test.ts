import { deepEqual } from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { PlanServer } from '../../../../control-plane/loop/plan-server.ts';
import type { PlanOrigin } from '../../../../control-plane/state/plan-store.ts';
import type { CapacityPlan } from '../../../../core/allocators/capacity-plan.ts';
import { edgePlan, planOf, servicePlan } from '../../../support/plans.ts';
import { quietLogger } from '../../../support/quiet-logger.ts';

const planWith = (rate: number, maxRequests: number): CapacityPlan => {
  const backstop = { maxTokens: rate, tokensPerFill: rate, fillIntervalMs: 1000 };
  const breaker = { maxRequests, maxConnections: 2 * maxRequests, maxPendingRequests: maxRequests };
  return planOf(servicePlan('payment', { edges: [edgePlan('checkout', 'payment', { backstop, breaker })] }));
};

describe('PlanServer', () => {
  let published: { readonly revision: number; readonly version: string }[];
  let layers: string[];
  let server: PlanServer;

  const take = (plan: CapacityPlan, origin: Partial<PlanOrigin>): void =>
    server.take({ plan, epoch: 1, origin: { revision: 1, edited: false, held: false, ...origin } });

  beforeEach(() => {
    published = [];
    layers = [];
    server = new PlanServer(
      {
        publish: ({ version }, { revision }) => published.push({ revision, version }),
        publishRuntime: ({ version }) => layers.push(version),
      },
      quietLogger,
    );
  });

  it('serves the same version of the same plan, whoever serves it', () => {
    take(planWith(100, 8), {});
    const [first] = published;
    server = new PlanServer(
      { publish: ({ version }, { revision }) => published.push({ revision, version }), publishRuntime: () => {} },
      quietLogger,
    );
    take(planWith(100, 8), {});
    deepEqual(published, [first, first]);
  });

  it('publishes nothing anew that is served already, but an edit', () => {
    take(planWith(100, 8), {});
    take(planWith(100, 8), {});
    take(planWith(100, 8), { revision: 2, edited: true });
    deepEqual(
      published.map(({ revision }) => revision),
      [1, 2],
    );
  });

  it('holds back what nobody edited while a roll-out is held, breakers excepted, and serves it afterwards', () => {
    take(planWith(100, 8), {});
    take(planWith(200, 4), { held: true });
    deepEqual([published.length, new Set(layers).size], [1, 2]);
    take(planWith(200, 4), {});
    deepEqual([published.length, new Set(published.map(({ version }) => version)).size], [2, 2]);
    take(planWith(300, 4), { held: true, edited: true, revision: 2 });
    deepEqual(
      published.map(({ revision }) => revision),
      [1, 1, 2],
    );
  });

  it('serves a node that comes first while a roll-out is held', () => {
    take(planWith(100, 8), { held: true });
    deepEqual(published.length, 1);
  });
});
