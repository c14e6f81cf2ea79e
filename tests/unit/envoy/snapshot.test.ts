import assert from 'node:assert/strict';
import type { CapacityPlan } from '../../../core/allocators/capacity-plan.ts';
import { runtimeKeys } from '../../../envoy/runtime-layer.ts';
import { buildSnapshot, inconsistencies, listenerResource, withSet } from '../../../envoy/snapshot.ts';
import { RESOURCE_TYPES } from '../../../envoy/type-urls.ts';
import { edgePlan, planOf, servicePlan } from '../../support/plans.ts';

const plan = planOf(servicePlan('payment', { edges: [edgePlan('checkout', 'payment')] }), servicePlan('inventory'));

const resource = (of: CapacityPlan, typeUrl: string, name: string) =>
  buildSnapshot(of).sets.get(typeUrl)?.resources.get(name);

describe('buildSnapshot()', () => {
  it('gives the same versions for the same plan, whatever its order', () => {
    const reversed = { ...plan, services: [...plan.services].reverse() };
    assert.equal(buildSnapshot(plan).version, buildSnapshot(reversed).version);
  });

  it('leaves clusters alone when breakers, limits or budgets change', () => {
    const edited = planOf(
      servicePlan('payment', {
        edges: [
          edgePlan('checkout', 'payment', {
            breaker: { maxRequests: 3, maxConnections: 6, maxPendingRequests: 3 },
            backstop: { maxTokens: 9, tokensPerFill: 1, fillIntervalMs: 100 },
          }),
        ],
      }),
      servicePlan('inventory'),
    );
    const [before, after] = [buildSnapshot(plan), buildSnapshot(edited)];
    for (const type of ['cluster', 'endpoints', 'listener', 'scopedRoutes'] as const) {
      assert.equal(before.sets.get(RESOURCE_TYPES[type])?.version, after.sets.get(RESOURCE_TYPES[type])?.version, type);
    }
    const inventory = [before, after].map(
      (s) => s.sets.get(RESOURCE_TYPES.routes)?.resources.get('inventory')?.version,
    );
    assert.equal(inventory[0], inventory[1], 'the other service keeps its route table');
    assert.notEqual(before.version, after.version);
  });

  it('names the object of the configuration that a resource comes from', () => {
    assert.equal(resource(plan, RESOURCE_TYPES.cluster, 'edge/checkout/payment')?.source, 'budgets.checkout.payment');
    assert.equal(resource(plan, RESOURCE_TYPES.routes, 'payment')?.source, 'services.payment');
  });

  it('serves endpoints apart only where all of them are addresses', () => {
    const mixed = planOf(servicePlan('search', { endpoints: ['search.internal:80', '127.0.0.1:80'] }));
    assert.equal(resource(mixed, RESOURCE_TYPES.endpoints, 'search'), undefined);
    assert.equal(resource(mixed, RESOURCE_TYPES.cluster, 'edge/~unverified/search')?.needs, null);
    assert.deepEqual(resource(plan, RESOURCE_TYPES.cluster, 'edge/checkout/payment')?.needs, {
      typeUrl: RESOURCE_TYPES.endpoints,
      name: 'payment',
    });
  });

  it('is found inconsistent when a resource misses what it needs', () => {
    const broken = withSet(buildSnapshot(plan), RESOURCE_TYPES.endpoints, []);
    assert.equal(inconsistencies(broken).length, 3);
    assert.deepEqual(inconsistencies(buildSnapshot(plan)), []);
  });

  it('moves only the listener for a node that listens elsewhere', () => {
    const moved = withSet(buildSnapshot(plan), RESOURCE_TYPES.listener, [
      listenerResource({ host: '0.0.0.0', port: 10_001 }),
    ]);
    const changed = Object.values(RESOURCE_TYPES).filter(
      (typeUrl) => moved.sets.get(typeUrl)?.version !== buildSnapshot(plan).sets.get(typeUrl)?.version,
    );
    assert.deepEqual(changed, [RESOURCE_TYPES.listener]);
  });
});

describe('runtimeKeys() (CONTRACT §D, §I)', () => {
  it('renders the breaker and the retry budget of an edge', () => {
    const edge = edgePlan('checkout', 'payment', {
      breaker: { maxRequests: 16, maxConnections: 32, maxPendingRequests: 16 },
      retryBudgetPercent: 16,
    });
    assert.deepEqual(runtimeKeys(planOf(servicePlan('payment', { edges: [edge] }))), {
      'circuit_breakers.edge/checkout/payment.default.max_connections': 32,
      'circuit_breakers.edge/checkout/payment.default.max_pending_requests': 16,
      'circuit_breakers.edge/checkout/payment.default.max_requests': 16,
      'circuit_breakers.edge/checkout/payment.default.retry_budget.budget_percent': 16,
      'circuit_breakers.edge/checkout/payment.default.retry_budget.min_retry_concurrency': 1,
    });
  });

  it('refuses values that Envoy would acknowledge and ignore', () => {
    for (const maxRequests of [-1, 2.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32]) {
      const edge = edgePlan('a', 'b', { breaker: { maxRequests, maxConnections: 2, maxPendingRequests: 1 } });
      assert.throws(() => runtimeKeys(planOf(servicePlan('b', { edges: [edge] }))), RangeError);
    }
  });

  it('leaves out the breaker of an edge without concurrency limit', () => {
    const keys = runtimeKeys(planOf(servicePlan('b', { edges: [edgePlan('a', 'b', { breaker: null })] })));
    assert.ok(Object.keys(keys).every((key) => key.includes('.retry_budget.')));
  });
});
