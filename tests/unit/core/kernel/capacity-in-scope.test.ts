import assert from 'node:assert/strict';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { capacityOfService } from '../../../../core/kernel/capacity-in-scope.ts';
import { createKernel } from '../../../../core/kernel/kernel-state.ts';
import { step } from '../../../../core/kernel/step.ts';
import { checkMesh } from '../../../../core/mesh/check-mesh.ts';

function configWith(int: number) {
  const checked = checkMesh({
    mesh: 'shop',
    services: { payment: { endpoints: ['127.0.0.1:9101'], capacity: { rps: 400 } } },
    workloads: { checkout: {} },
    budgets: { checkout: { payment: { int } } },
  });
  assert.ok(checked.ok);
  return checked.value;
}

describe('C of a service (CONTRACT §C)', () => {
  it('follows configuration and grants', () => {
    const kernel = createKernel();
    const payment = () => {
      const service = kernel.services.get('payment');
      assert.ok(service !== undefined);
      return capacityOfService(service, kernel).int;
    };
    step(kernel, { kind: 'config', config: configWith(0.8) });
    assert.equal(payment(), 0.8);
    step(kernel, { kind: 'config', config: configWith(0.6) });
    assert.equal(payment(), 0.6);
    step(kernel, { kind: 'grants', live: new Map([['checkout', { ...UNLIMITED, int: 0.5 }]]) });
    assert.equal(payment(), 0.3);
    step(kernel, { kind: 'grants', live: new Map() });
    assert.equal(payment(), 0.6);
  });
});
