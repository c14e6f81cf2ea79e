import assert from 'node:assert/strict';
import { GATES } from '../../core/gates/gate-state.ts';
import { adoptedMesh } from '../support/adopted-mesh.ts';
import { SimulatedMesh } from './simulated-mesh.ts';

/** 8 workers of 20 ms: 400 calls per second. */
const POOL = { payment: { workers: 8, workMs: 20, errorRatio: 0.001 } };
const SHARED = adoptedMesh({
  services: { payment: { rps: 400 } },
  workloads: { shop: {}, reports: {}, mail: {} },
  budgets: { shop: { payment: { int: 0.5 } }, reports: { payment: { int: 0.2 } }, mail: { payment: { int: 0.2 } } },
});

function sharedMesh(nodes = 2): SimulatedMesh {
  return new SimulatedMesh(SHARED, POOL, { nodes });
}

function assertCalm(mesh: SimulatedMesh): void {
  assert.deepEqual(mesh.failures(), []);
  assert.deepEqual(mesh.actions, []);
}

/** The first failure of a gate from some second on. */
function firstFailure(mesh: SimulatedMesh, gate: string, fromSec: number) {
  const failure = mesh.failures().find((change) => change.gate === gate && change.atSec >= fromSec);
  assert.ok(failure, `${gate} never failed`);
  return failure;
}

describe('simulation: traffic as usual', () => {
  it('fails no gate in five hours at 70 % of the capacity', function () {
    this.timeout(120_000);
    const mesh = sharedMesh();
    mesh.offer('shop', 'payment', 150);
    mesh.offer('reports', 'payment', 70);
    mesh.offer('mail', 'payment', 60);
    mesh.run(5 * 3600);
    assertCalm(mesh);
    for (const gate of GATES)
      assert.ok(mesh.changes.some((change) => change.gate === gate && change.status === 'PASS'));
  });

  it('fails no gate in five hours where one service calls another and both are slow and near their limit', function () {
    this.timeout(120_000);
    const config = adoptedMesh({
      services: { checkout: {}, payment: {} },
      workloads: { web: {}, batch: {}, checkout: {} },
      budgets: { web: { checkout: {} }, batch: { payment: {} }, checkout: { payment: {} } },
    });
    const services = {
      checkout: { workers: 4, workMs: 80, errorRatio: 0.002, calls: { payment: 1.2 } },
      payment: { workers: 4, workMs: 70, errorRatio: 0.001 },
    };
    const mesh = new SimulatedMesh(config, services, { seed: 2 });
    mesh.offer('web', 'checkout', 25);
    mesh.offer('batch', 'payment', 10);
    mesh.run(5 * 3600);
    assertCalm(mesh);
  });

  it('rides a daily tide of one to five and a half', () => {
    const mesh = sharedMesh();
    const tide = (meanRps: number) => (sec: number) => meanRps * (1 - 0.7 * Math.cos((2 * Math.PI * sec) / 1800));
    mesh.offer('shop', 'payment', tide(80));
    mesh.offer('reports', 'payment', tide(40));
    mesh.offer('mail', 'payment', tide(20));
    mesh.run(3600);
    assertCalm(mesh);
  });

  it('lets one caller triple within the capacity, and return', () => {
    const mesh = sharedMesh();
    mesh.offer('shop', 'payment', (sec) => (sec >= 300 && sec < 420 ? 180 : 60));
    mesh.offer('reports', 'payment', 20);
    mesh.offer('mail', 'payment', 20);
    mesh.run(600);
    assertCalm(mesh);
  });

  it('takes a lasting step of load that raises latency for what it is', () => {
    const mesh = sharedMesh();
    mesh.offer('shop', 'payment', (sec) => (sec < 300 ? 60 : 262));
    mesh.offer('reports', 'payment', 30);
    mesh.offer('mail', 'payment', 20);
    mesh.run(300);
    const before = mesh.meanLatencyMs('payment');
    mesh.run(500);
    assert.ok(mesh.meanLatencyMs('payment') > 1.25 * before);
    assertCalm(mesh);
    assert.equal(mesh.service('payment').gates.fit.status, 'PASS');
  });

  it('sees nodes and instances restart one after the other', () => {
    const mesh = sharedMesh(3);
    mesh.offer('shop', 'payment', 120);
    mesh.offer('reports', 'payment', 40);
    mesh.offer('mail', 'payment', 20);
    mesh.run(120);
    for (const node of ['node-1', 'node-2', 'node-3']) {
      mesh.stopNode(node);
      mesh.run(12);
      mesh.startNode(node);
      mesh.run(30);
    }
    for (const workers of [6, 8, 6, 8]) {
      mesh.restartService('payment', workers);
      mesh.run(20);
    }
    assertCalm(mesh);
  });

  it('starts cold under three quarters of the capacity', () => {
    const mesh = sharedMesh();
    mesh.offer('shop', 'payment', 180);
    mesh.offer('reports', 'payment', 70);
    mesh.offer('mail', 'payment', 50);
    mesh.run(120);
    assertCalm(mesh);
    const { gates } = mesh.service('payment');
    for (const gate of GATES) assert.equal(gates[gate].status, 'PASS', gate);
  });
});

describe('simulation: what must be seen', () => {
  function neighbours(): SimulatedMesh {
    const mesh = sharedMesh();
    mesh.offer('shop', 'payment', 100);
    mesh.offer('reports', 'payment', 40);
    mesh.offer('mail', 'payment', 30);
    mesh.run(300);
    assertCalm(mesh);
    return mesh;
  }

  it('names a neighbour that takes more and stays, within 30 s', () => {
    const mesh = neighbours();
    mesh.offer('reports', 'payment', 255);
    mesh.run(30);
    assert.equal(firstFailure(mesh, 'isolation', 300).worst, 'reports');
  });

  it('names a neighbour that comes and goes every 3 s, within 30 s', () => {
    const mesh = neighbours();
    mesh.offer('reports', 'payment', (sec) => (Math.floor(sec / 3) % 2 === 0 ? 320 : 20));
    mesh.run(30);
    const failure = firstFailure(mesh, 'isolation', 300);
    assert.equal(failure.worst, 'reports');
    assert.ok(Object.keys(failure.evidence).some((name) => name.startsWith('victim/')));
  });

  it('fails fit within 30 s when the service becomes half as slow again at the same load', () => {
    const mesh = neighbours();
    mesh.slowDown('payment', 1.5);
    mesh.run(30);
    assert.equal(firstFailure(mesh, 'fit', 300).service, 'payment');
  });
});
