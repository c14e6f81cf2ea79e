import assert from 'node:assert/strict';
import { UNLIMITED } from '../../../core/capacity/capacity-vector.ts';
import type { MeshConfig } from '../../../core/mesh/mesh-config.ts';
import type { Checked } from '../../../core/problem.ts';
import { parseMeshFile } from '../../../platform/mesh-file.ts';
import {
  meshFromMessage,
  meshToMessage,
  setBudgetFromMessage,
  vectorFromMessage,
  vectorToMessage,
} from '../../../platform/mesh-message.ts';
import { Budget, Mesh } from '../../../proto/gen/capmesh/v1/mesh.ts';
import { WORKED_EXAMPLE } from '../../support/worked-example.ts';

function accepted<T>(checked: Checked<T>): T {
  if (!checked.ok) assert.fail(JSON.stringify(checked.problems, null, 2));
  return checked.value;
}

const example = (): MeshConfig => accepted(parseMeshFile(WORKED_EXAMPLE));
const overTheWire = (mesh: Mesh): Mesh => Mesh.decode(Mesh.encode(mesh).finish());
const budget = (fields: Partial<Budget>): Budget =>
  Budget.fromPartial({ workload: 'batch', service: 'payment', ...fields });

describe('mesh messages', () => {
  it('read back what they were written from, echoes and all', () => {
    const config = example();
    assert.deepEqual(accepted(meshFromMessage(overTheWire(meshToMessage(config)))), config);
  });

  it('echo rps and parallel where the capacity is declared', () => {
    const { budgets } = meshToMessage(example(), (path) => (path === 'budgets.checkout.payment' ? 7 : 0));
    const [payment, inventory] = budgets;
    assert.deepEqual([payment?.rps, payment?.parallel, payment?.revision], [320, 18, 7]);
    assert.deepEqual([inventory?.rps, inventory?.parallel, inventory?.revision], [300, undefined, 0]);
  });

  it('tell mistakes with the paths of the file, repetitions too', () => {
    const message = meshToMessage(example());
    message.workloads.push({ name: 'batch', tenant: '', prio: 11, weight: undefined, revision: 0 });
    message.budgets.push(budget({ vector: vectorToMessage({ ...UNLIMITED, int: 2 }) }));
    const checked = meshFromMessage(message);
    assert.deepEqual(checked.ok ? [] : checked.problems.map((problem) => problem.path).sort(), [
      'budgets.batch.payment',
      'budgets.batch.payment.int',
      'workloads.batch',
      'workloads.batch.prio',
    ]);
  });

  it('refuse a place of no endpoint, and a second one of the same', () => {
    const message = meshToMessage(example());
    const [first] = message.services;
    assert.ok(first);
    const place = { address: first.endpoints[0] as string, region: 'eu', zone: '', subZone: '', node: '' };
    first.places = [place, { ...place, address: 'elsewhere:1' }, place];
    const checked = meshFromMessage(message);
    assert.deepEqual(checked.ok ? [] : checked.problems.map((problem) => problem.path), [
      `services.${first.name}.places[1].address`,
      `services.${first.name}.places[2].address`,
    ]);
  });

  it('refuse an absolute form that contradicts its fraction', () => {
    const message = meshToMessage(example());
    const [first] = message.budgets;
    assert.ok(first);
    first.rps = 100;
    const checked = meshFromMessage(message);
    assert.deepEqual(checked, {
      ok: false,
      problems: [{ path: 'budgets.checkout.payment.rps', message: 'must not be set together with int' }],
    });
  });

  it('take empty fields for defaults', () => {
    const mesh = Mesh.fromPartial({
      name: 'm',
      services: [{ name: 's', endpoints: ['a:1'] }],
      workloads: [{ name: 'w' }],
    });
    const config = accepted(meshFromMessage(mesh));
    assert.equal(config.services.get('s')?.authorizerDown, 'degrade');
    assert.equal(config.services.get('s')?.timeoutMs, 1000);
    assert.equal(config.services.get('s')?.anonymous, null);
    assert.deepEqual(config.workloads.get('w'), { name: 'w', tenant: 'w', prio: 5, weight: 1 });
  });

  it('keep a component of 0 apart from an absent one', () => {
    const vector = { ...UNLIMITED, int: 0, geo: 1 };
    assert.deepEqual(vectorFromMessage(vectorToMessage(vector)), vector);
    assert.deepEqual(vectorFromMessage(undefined), UNLIMITED);
  });
});

describe('setBudgetFromMessage()', () => {
  it('replaces a line', () => {
    const set = accepted(setBudgetFromMessage(example(), budget({ vector: { cInt: 0.25 } }), false));
    assert.deepEqual(set.budget.vector, { ...UNLIMITED, int: 0.25 });
    assert.equal(set.config.budgets.size, 4);
    assert.deepEqual(set.config.budgets.get('batch/payment'), set.budget);
  });

  it('merges: axes left out keep their value, rps replaces int', () => {
    const set = accepted(setBudgetFromMessage(example(), budget({ vector: { cGauge: 1 }, rps: 40 }), true));
    assert.deepEqual(set.budget.vector, { ...UNLIMITED, int: 0.1, ptr: 0.5, gauge: 1 });
  });

  it('adds a line, with the warnings of that line and service only', () => {
    const checked = setBudgetFromMessage(example(), budget({ service: 'inventory', vector: {} }), false);
    assert.deepEqual(checked.ok && checked.warnings.map((warning) => warning.path), ['budgets.batch.inventory']);
  });

  it('refuses a line for what is not declared', () => {
    const checked = setBudgetFromMessage(example(), budget({ service: 'stock', workload: 'nobody' }), false);
    assert.deepEqual(checked.ok ? [] : checked.problems.map((problem) => problem.path), [
      'budgets.nobody',
      'budgets.nobody.stock',
    ]);
  });
});
