import assert from 'node:assert/strict';
import type { MeshSimulation, MeshSimulationOptions } from '../../../../core/simulation/mesh-simulation.ts';
import { adoptedMesh } from '../../../support/adopted-mesh.ts';
import { assertAbout, plainMesh, START_SEC } from '../../../support/plain-mesh.ts';

describe('simulated mesh: control plane, sidecars, messages', () => {
  const limited = adoptedMesh({
    services: { payment: { rps: 100 } },
    workloads: { shop: {} },
    budgets: { shop: { payment: { int: 0.5 } } },
  });
  const shared = adoptedMesh({
    services: { payment: { rps: 100 } },
    workloads: { shop: {}, mail: {} },
    budgets: { shop: { payment: { int: 0.8 } }, mail: { payment: { int: 0.8 } } },
  });
  const greedy = (messages: MeshSimulationOptions['messages'], enforced = true): MeshSimulation =>
    plainMesh({ config: limited, enforced, messages }, 200);

  it('holds callers to their budget by leases, and nobody where nothing is enforced', () => {
    const mesh = greedy({});
    mesh.run(START_SEC);
    mesh.restartWatch();
    mesh.run(60);
    assertAbout(mesh.report().goodputRps, 50, 0.02);
    const without = greedy({}, false);
    without.run(60);
    assert.equal(without.report().calls.refused, 0);
    assertAbout(without.report().goodputRps, 200, 0.05);
  });

  it('sends no call to a node before its lease is there, so late leases and lost ones keep a mesh shut', () => {
    const late = greedy({ leaseDelayMs: 8000 });
    late.run(8);
    assert.equal(late.watch.edge('shop', 'payment').answered, 0);
    late.run(5);
    assert.ok(late.watch.edge('shop', 'payment').answered > 0);
    const lost = greedy({ leaseLossRatio: 1 });
    lost.run(60);
    const { calls, services } = lost.report();
    assert.deepEqual([calls.failed, services[0]?.failed], [calls.offered, calls.offered]);
  });

  it('bears the loss of a third of the frames: nobody is refused and no gate fails', () => {
    const messages = { frameLossRatio: 0.33, frameDelayMs: 200 };
    const mesh = plainMesh({ config: limited, enforced: true, messages }, 35);
    mesh.run(200);
    assert.equal(mesh.report().calls.refused, 0);
    assert.equal(mesh.report().allOpen, true);
  });

  it('puts no lease in force that is older than the one that is', () => {
    const mesh = plainMesh({ config: shared, loads: [], enforced: true });
    mesh.run(5);
    mesh.offer('shop', 'payment', (sec) => (sec % 10 < 5 ? 5 : 70));
    mesh.offer('mail', 'payment', (sec) => (sec % 10 < 5 ? 70 : 5));
    const ackedSeqs: number[] = [];
    for (let sec = 0; sec < 120; sec++) {
      mesh.carryMessages({ leaseDelayMs: sec % 3 === 0 ? 4500 : 0 });
      mesh.run(1);
      ackedSeqs.push(mesh.kernel.nodes.get('node-1')?.telemetry.leaseSeq ?? 0);
    }
    assert.ok(new Set(ackedSeqs).size > 5, 'leases change');
    assert.deepEqual(
      ackedSeqs,
      [...ackedSeqs].sort((a, b) => a - b),
    );
  });

  it('shows a node that does not get its leases as one that does not agree', () => {
    const mesh = plainMesh({ config: limited, enforced: true, messages: { leaseLossRatio: 0.33 } }, 35);
    mesh.run(300);
    const failures = mesh.watch.failures();
    assert.ok(failures.length > 0 && failures.every(({ gate, worst }) => gate === 'gluing' && worst === 'node-1'));
  });

  it('leaves a sidecar that is cut off its lease, and when that has run out its safe share', () => {
    const mesh = plainMesh({
      config: shared,
      loads: [{ workload: 'shop', service: 'payment', rateRps: 200 }],
      enforced: true,
    });
    const goodputOf = (seconds: number): number => {
      mesh.restartWatch();
      mesh.run(seconds);
      return mesh.report().goodputRps;
    };
    mesh.run(10);
    assertAbout(goodputOf(20), 80, 0.03);
    mesh.carryMessages({ leaseLossRatio: 1 });
    assertAbout(goodputOf(25), 80, 0.03);
    mesh.run(60);
    // Its guarantee: mail asks for as much.
    assertAbout(goodputOf(30), 50, 0.03);
    mesh.carryMessages({ leaseLossRatio: 0 });
    mesh.run(60);
    assertAbout(goodputOf(30), 80, 0.03);
    assert.throws(
      () => mesh.carryMessages({ leaseLossRatio: 2 }),
      /messages.leaseLossRatio: must be a number from 0 to 1/,
    );
  });

  it('is blind without frames: no gate comes to a verdict, and verdicts that there were do not last', () => {
    const mesh = greedy({ frameLossRatio: 1 });
    mesh.run(60);
    assert.equal(mesh.service('payment').gates.fit.status, 'UNKNOWN');
    assert.equal(mesh.report().gates.fit.worstRatio, null);
    assert.equal(mesh.report().allOpen, false);
    mesh.carryMessages({ frameLossRatio: 0 });
    mesh.run(60);
    assert.equal(mesh.service('payment').gates.gluing.status, 'PASS');
    mesh.carryMessages({ frameLossRatio: 1 });
    mesh.run(60);
    assert.deepEqual(
      [mesh.service('payment').gates.gluing.status, mesh.service('payment').gates.gluing.reason],
      ['UNKNOWN', 'stale'],
    );
  });
});
