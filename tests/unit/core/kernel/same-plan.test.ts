import assert from 'node:assert/strict';
import type { EdgePlan, ServicePlan } from '../../../../core/allocators/capacity-plan.ts';
import { samePlan } from '../../../../core/kernel/same-plan.ts';
import { edgePlan, planOf, servicePlan } from '../../../support/plans.ts';

const plan = (edge: Partial<EdgePlan> = {}, service: Partial<ServicePlan> = {}) =>
  planOf(servicePlan('payment', { edges: [edgePlan('checkout', 'payment', edge)], ...service }));

describe('whether two plans say the same (CONTRACT §H)', () => {
  it('they do where only a lease limit moved by a twentieth', () => {
    assert.ok(samePlan(plan(), plan()));
    assert.ok(samePlan(plan(), plan({ limitRps: 105 })));
    assert.ok(samePlan(plan({ breaker: null }), plan({ breaker: null })));
  });

  it('they do not where anything else differs', () => {
    assert.ok(!samePlan(null, plan()));
    assert.ok(!samePlan(plan(), { ...plan(), mesh: 'other' }));
    assert.ok(!samePlan(plan(), { ...plan(), nodeCount: 2 }));
    assert.ok(!samePlan(plan(), planOf()));
    assert.ok(!samePlan(plan(), plan({}, { edges: [] })));
    assert.ok(!samePlan(plan(), plan({}, { capacityRps: 401 })));
    assert.ok(!samePlan(plan(), plan({}, { endpoints: ['127.0.0.1:9999'] })));
    assert.ok(!samePlan(plan(), plan({ limitRps: 106 })));
    assert.ok(!samePlan(plan(), plan({ limitRps: null })));
    assert.ok(!samePlan(plan(), plan({ breaker: null })));
    assert.ok(!samePlan(plan(), plan({ breaker: { maxRequests: 8, maxConnections: 32, maxPendingRequests: 16 } })));
  });

  it('they do not where an endpoint comes, goes, or tells where it is', () => {
    const one = ['127.0.0.1:9101'];
    const two = ['127.0.0.1:9101', '127.0.0.1:9102'];
    const placed = [{ address: '127.0.0.1:9101', region: 'eu' }];
    const placedFiner = [{ address: '127.0.0.1:9101', region: 'eu', zone: 'eu-a' }];
    for (const [a, b] of [
      [one, two],
      [one, placed],
      [placed, placedFiner],
    ] as const) {
      assert.ok(!samePlan(plan({}, { endpoints: a }), plan({}, { endpoints: b })));
      assert.ok(!samePlan(plan({}, { endpoints: b }), plan({}, { endpoints: a })));
    }
  });

  it('they do not where an edge gets other numbers', () => {
    for (const changed of [{ geo: 0.4 }, { leaseMs: 12_000 }, { retryBudgetPercent: 5 }]) {
      assert.ok(!samePlan(plan(), plan(changed)), JSON.stringify(changed));
    }
  });
});
