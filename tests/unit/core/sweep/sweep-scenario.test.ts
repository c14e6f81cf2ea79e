import assert from 'node:assert/strict';
import { edgeKey } from '../../../../core/mesh/mesh-config.ts';
import type { Problem } from '../../../../core/problem.ts';
import { type ScenarioInput, sweepScenario } from '../../../../core/sweep/sweep-scenario.ts';
import { chooseEdges, idleAxes, sweptMesh } from '../../../../core/sweep/swept-mesh.ts';
import { meshConfig } from '../../../support/mesh-fixtures.ts';

const SHOP = meshConfig({
  services: { checkout: {}, payment: { rps: 400, concurrency: 24 }, inventory: { rps: 100 } },
  workloads: { web: {}, batch: {}, checkout: {} },
  budgets: {
    web: { checkout: {} },
    batch: { payment: { int: 0.5 } },
    checkout: { payment: { int: 0.8, ptr: 0.75 }, inventory: {} },
  },
});

function scenario(config: typeof SHOP, input: Partial<ScenarioInput>) {
  const problems: Problem[] = [];
  const value = sweepScenario(config, { nodes: 2, load: [], services: [], ...input }, problems);
  return { value, problems: problems.map(({ path, message }) => `${path}: ${message}`) };
}

const SAID = {
  load: [{ path: '--load web/checkout=50', workload: 'web', service: 'checkout', rps: 50 }],
  services: [{ path: '--service checkout=4x10ms', service: 'checkout', behaviour: { servers: 4, workMs: 10 } }],
};

describe('the scenario of a sweep', () => {
  it('takes from the mesh file what is not said', () => {
    const { value, problems } = scenario(SHOP, SAID);
    assert.deepEqual(problems, []);
    assert.deepEqual(value.services.payment, { servers: 24, workMs: 60, calls: {} });
    assert.deepEqual(value.services.inventory, { servers: 2, workMs: 20, calls: {} });
    assert.deepEqual(value.services.checkout, { servers: 4, workMs: 10, calls: { payment: 1, inventory: 1 } });
    // Asked 320 and 200 of 400: the guarantee of batch is 200, and it offers 70 % of that.
    assert.deepEqual(value.load, [
      { workload: 'web', service: 'checkout', rps: 50 },
      { workload: 'batch', service: 'payment', rps: 140 },
    ]);
  });

  it('lets what is said later rule', () => {
    const again = {
      path: '--service checkout=9x1ms',
      service: 'checkout',
      behaviour: { workMs: 1, calls: { payment: 2 } },
    };
    const { value } = scenario(SHOP, { ...SAID, services: [...SAID.services, again] });
    assert.deepEqual(value.services.checkout, { servers: 4, workMs: 1, calls: { payment: 2 } });
  });

  it('asks for what neither tells', () => {
    assert.deepEqual(scenario(SHOP, {}).problems, [
      '--service checkout: say how it works, for example checkout=8x20ms: the mesh file declares no rate to tell it from',
      '--load web/checkout: say how many calls a second, for example web/checkout=120: checkout declares no rate to take a share of',
    ]);
  });

  it('refuses what the mesh file does not have, all at once', () => {
    const { problems } = scenario(SHOP, {
      load: [
        ...SAID.load,
        { path: '--load web/payment=1', workload: 'web', service: 'payment', rps: 1 },
        { path: '--load checkout/payment=1', workload: 'checkout', service: 'payment', rps: 1 },
      ],
      services: [
        ...SAID.services,
        { path: '--service mail=1x1ms', service: 'mail', behaviour: { servers: 1, workMs: 1 } },
        { path: 'load.yaml: services.payment', service: 'payment', behaviour: { calls: { checkout: 1 } } },
      ],
    });
    assert.deepEqual(problems, [
      'services.payment.calls.checkout: payment has no budget for checkout in the mesh file',
      '--service mail=1x1ms: service "mail" is not declared',
      '--load web/payment=1: web has no budget for payment in the mesh file',
      '--load checkout/payment=1: checkout is a service: it calls when it is called',
      'services.checkout.calls: goes in a circle without end',
      'services.payment.calls: goes in a circle without end',
    ]);
  });
});

describe('the mesh at a point of a sweep', () => {
  const point = { index: 0, values: { int: 0.3, load: 2 } };

  it('has the swept axes of the chosen budgets changed and nothing else', () => {
    const mesh = sweptMesh(SHOP, new Set([edgeKey('checkout', 'payment')]), point);
    assert.deepEqual(mesh.budgets.get('checkout/payment')?.vector, {
      geo: null,
      int: 0.3,
      gauge: null,
      ptr: 0.75,
      obs: null,
    });
    assert.equal(mesh.budgets.get('batch/payment'), SHOP.budgets.get('batch/payment'));
    assert.equal(SHOP.budgets.get('checkout/payment')?.vector.int, 0.8);
  });

  it('chooses budgets by workload and by edge, all by default, and tells each that there is not', () => {
    const choose = (workloads: string[], edges: string[]) => {
      const problems: Problem[] = [];
      return { edges: [...chooseEdges(SHOP, { workloads, edges }, problems)], problems };
    };
    assert.equal(choose([], []).edges.length, 4);
    assert.deepEqual(choose(['checkout'], ['batch/payment']).edges, [
      'batch/payment',
      'checkout/payment',
      'checkout/inventory',
    ]);
    assert.deepEqual(
      choose(['payment'], ['web/payment']).problems.map(({ path }) => path),
      ['--workload payment', '--edge web/payment'],
    );
  });

  it('tells axes that are no limit where no capacity is declared', () => {
    const axes = [{ name: 'int', values: [1] }] as const;
    assert.deepEqual(idleAxes(SHOP, new Set(SHOP.budgets.keys()), axes), [
      { path: 'services.checkout.capacity.rps', message: 'is not declared, so int is no limit there' },
    ]);
    assert.deepEqual(idleAxes(SHOP, new Set([edgeKey('batch', 'payment')]), axes), []);
  });
});
