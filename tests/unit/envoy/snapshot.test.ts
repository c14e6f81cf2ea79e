import assert from 'node:assert/strict';
import type { CapacityPlan, EdgePlan, ServicePlan } from '../../../core/allocators/capacity-plan.ts';
import { observationLimits } from '../../../core/capacity/observation.ts';
import { buildSnapshot, PlanRenderer } from '../../../envoy/render-plan.ts';
import { buildRuntimeLayer, edgeKeys, RuntimeLayerRenderer } from '../../../envoy/runtime-layer.ts';
import { listenerResource } from '../../../envoy/service-resources.ts';
import { inconsistencies, withSet } from '../../../envoy/snapshot.ts';
import { RESOURCE_TYPES } from '../../../envoy/type-urls.ts';
import { Runtime } from '../../../proto/gen/envoy/service/runtime/v3/rtds.ts';
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
      listenerResource({ address: { host: '0.0.0.0', port: 10_001 }, toCollector: false }),
    ]);
    const changed = Object.values(RESOURCE_TYPES).filter(
      (typeUrl) => moved.sets.get(typeUrl)?.version !== buildSnapshot(plan).sets.get(typeUrl)?.version,
    );
    assert.deepEqual(changed, [RESOURCE_TYPES.listener]);
  });
});

describe('PlanRenderer', () => {
  const payment = (service: Partial<ServicePlan>, edge: Partial<EdgePlan> = {}) =>
    planOf(
      servicePlan('payment', { edges: [edgePlan('checkout', 'payment', edge)], ...service }),
      servicePlan('inventory'),
    );
  const steps = [
    plan,
    plan,
    planOf(
      servicePlan('payment', { timeoutMs: 9, edges: [edgePlan('checkout', 'payment')] }),
      servicePlan('inventory'),
    ),
    planOf(
      servicePlan('payment', { edges: [edgePlan('checkout', 'payment', { safe: null })] }),
      servicePlan('inventory'),
    ),
    payment({}, { geo: 0.1 }),
    payment({}, { geo: 0.2 }),
    payment({ endpoints: [{ address: '127.0.0.1:9101', zone: 'eu-a' }] }, { geo: 0.2 }),
    payment({ endpoints: [{ address: '127.0.0.1:9101', zone: 'eu-a' }] }),
    payment({ ejectFailing: true }),
    payment({ ejectFailing: true }, { errorThreshold: 0.5 }),
    payment({}, { observation: observationLimits(1) }),
    planOf(servicePlan('inventory', { unverified: null })),
    planOf(servicePlan('inventory', { authorizerDown: 'open' }), servicePlan('search', { endpoints: ['search:80'] })),
    planOf(servicePlan('inventory', { endpoints: ['127.0.0.1:1'], edges: [edgePlan('batch', 'inventory')] })),
    plan,
  ];

  it('renders what a rendering from scratch gives, whatever came before', () => {
    const renderer = new PlanRenderer();
    for (const step of steps) assert.equal(renderer.snapshot(step).version, buildSnapshot(step).version);
    assert.equal(new Set(steps.map((step) => buildSnapshot(step).version)).size, steps.length - 2);
  });

  it('keeps what did not change', () => {
    const renderer = new PlanRenderer();
    const first = renderer.snapshot(plan);
    assert.equal(renderer.snapshot({ ...plan, services: plan.services.map((service) => ({ ...service })) }), first);
  });
});

describe('edgeKeys() (CONTRACT §D, §I)', () => {
  it('renders the breaker and the retry budget of an edge', () => {
    const edge = edgePlan('checkout', 'payment', {
      breaker: { maxRequests: 16, maxConnections: 32, maxPendingRequests: 16 },
      retryBudgetPercent: 16,
    });
    assert.deepEqual(edgeKeys(edge), {
      'circuit_breakers.edge/checkout/payment.default.max_connections': 32,
      'circuit_breakers.edge/checkout/payment.default.max_pending_requests': 16,
      'circuit_breakers.edge/checkout/payment.default.max_requests': 16,
      'circuit_breakers.edge/checkout/payment.default.retry_budget.budget_percent': 16,
    });
  });

  it('refuses values that Envoy would acknowledge and ignore', () => {
    for (const maxRequests of [-1, 2.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32]) {
      const edge = edgePlan('a', 'b', { breaker: { maxRequests, maxConnections: 2, maxPendingRequests: 1 } });
      assert.throws(() => edgeKeys(edge), RangeError);
    }
    assert.throws(() => edgeKeys(edgePlan('a', 'b', { retryBudgetPercent: Number.NaN })), RangeError);
  });

  it('says nothing of what the cluster already has', () => {
    assert.deepEqual(edgeKeys(edgePlan('a', 'b', { breaker: null, retryBudgetPercent: 20 })), {});
  });
});

describe('RuntimeLayerRenderer', () => {
  const planWith = (maxRequests: number) =>
    planOf(
      servicePlan('payment', {
        edges: [
          edgePlan('checkout', 'payment', { breaker: { maxRequests, maxConnections: 2, maxPendingRequests: 1 } }),
          edgePlan('batch', 'payment', { retryBudgetPercent: 7 }),
        ],
      }),
    );

  it('encodes the union of all overrides as one layer', () => {
    const edges = planWith(3).services.flatMap((service) => service.edges);
    const { name, layer } = Runtime.decode(buildRuntimeLayer(planWith(3)).bytes);
    assert.equal(name, 'capmesh');
    assert.deepEqual(layer, Object.assign({}, ...edges.map(edgeKeys)));
  });

  it('renders what a rendering from scratch gives, whatever came before', () => {
    const renderer = new RuntimeLayerRenderer();
    for (const maxRequests of [3, 3, 4, 3]) {
      assert.equal(renderer.render(planWith(maxRequests)).version, buildRuntimeLayer(planWith(maxRequests)).version);
    }
    assert.notEqual(buildRuntimeLayer(planWith(3)).version, buildRuntimeLayer(planWith(4)).version);
  });
});
