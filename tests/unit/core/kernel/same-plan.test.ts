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
});
