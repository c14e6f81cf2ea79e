import assert from 'node:assert/strict';
import type { LeasePlan } from '../../../../core/allocators/capacity-plan.ts';
import { createKernel } from '../../../../core/kernel/kernel-state.ts';
import { step } from '../../../../core/kernel/step.ts';
import { parseMeshFile } from '../../../../platform/mesh-file.ts';
import { WORKED_EXAMPLE } from '../../../support/worked-example.ts';

const lease = (node: string): LeasePlan => ({ node, epoch: 1, seq: 7, edges: [] });

describe('a control plane that starts again', () => {
  it('divides breakers by the nodes that it leased to before, until it hears who is there', () => {
    const parsed = parseMeshFile(WORKED_EXAMPLE);
    assert.ok(parsed.ok);
    const state = createKernel();
    step(state, { kind: 'stored-leases', leases: [lease('node-1'), lease('node-2')], nowMs: 1000 });
    const { effects } = step(state, { kind: 'config', config: parsed.value });
    const [effect] = effects;
    assert.ok(effect?.kind === 'publish-plan');
    assert.equal(effect.plan.nodeCount, 2);
    const edges = effect.plan.services.flatMap((service) => service.edges);
    const breaker = edges.find((edge) => edge.workload === 'checkout' && edge.service === 'payment')?.breaker;
    assert.equal(breaker?.maxRequests, 8, 'CONTRACT §I: on two nodes the payment breakers are 8 and 4 each');
    step(state, { kind: 'tick', nowMs: 20_000, wallMs: 0 });
    assert.equal(state.plan?.nodeCount, 1, 'a node that stays away for 10 s carries nothing');
  });
});
