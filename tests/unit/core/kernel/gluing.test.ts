import assert from 'node:assert/strict';
import type { GateVerdict } from '../../../../core/gates/gate-state.ts';
import { step } from '../../../../core/kernel/step.ts';
import { viewOf } from '../../../../core/kernel/view-of.ts';
import { adoptedMesh } from '../../../support/adopted-mesh.ts';
import { MeshPlayer } from '../../../support/mesh-player.ts';

const MESH = { services: { payment: {} }, workloads: { web: {} }, budgets: { web: { payment: {} } } };

function gluingOf(player: MeshPlayer): GateVerdict {
  const service = viewOf(player.kernel, player.nowMs).services.find((one) => one.service === 'payment');
  assert.ok(service);
  return service.gates.gluing;
}

describe('kernel, gluing: what sidecar and Envoy count (MATHS §B2b, CONTRACT §I)', () => {
  it('finds no difference where it is within what is in flight', () => {
    const player = new MeshPlayer(adoptedMesh(MESH));
    player.seconds(20, { 'node-1': { calls: 400, attempts: 399.2, inFlight: 8 } });
    const gluing = gluingOf(player);
    assert.deepEqual([gluing.status, gluing.evidence.u_counter], ['PASS', 0]);
  });

  it('fails, naming the edge, where Envoy lost calls that the sidecar let pass', () => {
    const player = new MeshPlayer(adoptedMesh(MESH));
    player.seconds(20, { 'node-1': { calls: 400, attempts: 360, inFlight: 8 } });
    const gluing = gluingOf(player);
    assert.deepEqual([gluing.status, gluing.worst], ['FAIL', 'web/payment']);
  });

  it('takes refusals by breaker and native limit, and retries, for what they are', () => {
    const player = new MeshPlayer(adoptedMesh(MESH));
    player.seconds(20, { 'node-1': { calls: 400, attempts: 360, retries: 20, breakerRefused: 40, nativeRefused: 20 } });
    assert.equal(gluingOf(player).evidence.u_counter, 0);
  });

  it('passes retries that the caller announces: they are checked, and counted, like calls', () => {
    const player = new MeshPlayer(adoptedMesh(MESH));
    player.seconds(20, { 'node-1': { calls: 400, attempts: 400, retries: 60 } });
    assert.equal(gluingOf(player).evidence.u_counter, 0);
  });

  it('judges with the k that is set', () => {
    const loss = { 'node-1': { calls: 400, attempts: 390 } };
    const [strict, lax] = [0.4, 3].map((gluingK) => {
      const player = new MeshPlayer(adoptedMesh(MESH, { gluingK }));
      player.seconds(20, loss);
      return gluingOf(player).status;
    });
    assert.deepEqual([strict, lax], ['FAIL', 'PASS']);
  });
});

describe('kernel, gluing: latencies as nodes see them (MATHS §B2a)', () => {
  it('passes nodes that see the same, fails one that sees another service', () => {
    const player = new MeshPlayer(adoptedMesh(MESH));
    player.seconds(40, { 'node-1': { calls: 50 }, 'node-2': { calls: 100 }, 'node-3': { calls: 50 } });
    assert.equal(gluingOf(player).status, 'PASS');
    player.seconds(40, { 'node-1': { calls: 50 }, 'node-2': { calls: 100 }, 'node-3': { calls: 50, latencyMs: 60 } });
    const gluing = gluingOf(player);
    assert.deepEqual([gluing.status, gluing.worst], ['FAIL', 'node-3']);
  });

  it('does not take a change that all nodes see for a disagreement, not even where one joins in the middle', () => {
    const player = new MeshPlayer(adoptedMesh(MESH));
    player.seconds(40, { 'node-1': { calls: 50 }, 'node-2': { calls: 50 } });
    player.seconds(40, { 'node-1': { calls: 50, latencyMs: 24 }, 'node-2': { calls: 50, latencyMs: 24 } });
    assert.equal(gluingOf(player).evidence.u_distribution, 0);
    const all = { calls: 50, latencyMs: 24 };
    player.seconds(20, { 'node-1': all, 'node-2': all, 'node-3': all });
    assert.equal(gluingOf(player).evidence.u_distribution, 0);
  });

  it('fails within 10 s of the moment when a node sees another service, and passes within 30 s of its end', () => {
    const player = new MeshPlayer(adoptedMesh(MESH));
    player.seconds(60, { 'node-1': { calls: 40 }, 'node-2': { calls: 40 } });
    player.seconds(10, { 'node-1': { calls: 40 }, 'node-2': { calls: 40, latencyMs: 60 } });
    assert.deepEqual([gluingOf(player).status, gluingOf(player).worst], ['FAIL', 'web/payment']);
    player.seconds(30, { 'node-1': { calls: 40 }, 'node-2': { calls: 40 } });
    assert.equal(gluingOf(player).status, 'PASS');
  });

  it('looks further back where answers are few', () => {
    const player = new MeshPlayer(adoptedMesh(MESH));
    player.seconds(55, { 'node-1': { calls: 2 }, 'node-2': { calls: 2, latencyMs: 60 } });
    assert.equal(gluingOf(player).status, 'FAIL');
  });

  it('forgets a node that is gone', () => {
    const player = new MeshPlayer(adoptedMesh(MESH));
    player.seconds(40, { 'node-1': { calls: 50 }, 'node-2': { calls: 50, latencyMs: 60 } });
    assert.equal(gluingOf(player).status, 'FAIL');
    player.seconds(20, { 'node-1': { calls: 50 } });
    assert.equal(gluingOf(player).status, 'PASS');
  });
});

describe('kernel, gluing: configuration and leases as nodes hold them (MATHS §B2c)', () => {
  const calls = { 'node-1': { calls: 95 }, 'node-2': { calls: 5 } };
  const behind = [
    { node: 'node-1', connected: true, upToDate: true },
    { node: 'node-2', connected: true, upToDate: false },
  ];

  it('fails after the grace, naming the node that lags, and passes once it caught up', () => {
    const player = new MeshPlayer(adoptedMesh(MESH));
    player.rollout = behind;
    player.seconds(29, calls);
    assert.equal(gluingOf(player).status, 'PASS');
    player.seconds(5, calls);
    const gluing = gluingOf(player);
    assert.deepEqual([gluing.status, gluing.worst], ['FAIL', 'node-2']);
    assert.ok(Math.abs((gluing.evidence.u_config ?? 0) - 5) < 1e-9, `${gluing.evidence.u_config}`);
    player.rollout = behind.map((node) => ({ ...node, upToDate: true }));
    player.seconds(6, calls);
    assert.equal(gluingOf(player).status, 'PASS');
  });

  it('lets one hundredth of the traffic lag', () => {
    const player = new MeshPlayer(adoptedMesh(MESH));
    player.rollout = behind;
    player.seconds(60, { 'node-1': { calls: 995 }, 'node-2': { calls: 5 } });
    assert.equal(gluingOf(player).status, 'PASS');
  });

  it('fails a node that does not take its leases', () => {
    const player = new MeshPlayer(adoptedMesh(MESH));
    player.deaf.add('node-2');
    player.seconds(40, calls);
    assert.deepEqual([gluingOf(player).status, gluingOf(player).worst], ['FAIL', 'node-2']);
  });

  it('counts a connected node without frames as lagging, and one that is gone not at all', () => {
    for (const connected of [true, false]) {
      const player = new MeshPlayer(adoptedMesh(MESH));
      player.seconds(40, calls);
      player.rollout = behind.map((node) => (node.node === 'node-2' ? { ...node, connected } : node));
      player.seconds(20, { 'node-1': { calls: 95 } });
      assert.equal(gluingOf(player).status, connected ? 'FAIL' : 'PASS');
    }
  });

  it('asks for the hold of the roll-out again after a restart, while it is still held', () => {
    const player = new MeshPlayer(adoptedMesh(MESH));
    player.rollout = behind;
    player.seconds(40, calls);
    assert.ok(viewOf(player.kernel, player.nowMs).actions.some(({ kind }) => kind === 'hold-rollout'));
    const tick = { kind: 'tick', nowMs: player.nowMs + 1000, wallMs: 0 } as const;
    step(player.kernel, { kind: 'stored-leases', leases: [], nowMs: player.nowMs });
    const { effects } = step(player.kernel, tick);
    assert.ok(effects.some((effect) => effect.kind === 'hold-rollout' && effect.held));
  });

  it('still decides where there is no traffic at all (MATHS §B8)', () => {
    const player = new MeshPlayer(adoptedMesh(MESH));
    player.seconds(20, { 'node-1': { calls: 0 } });
    assert.deepEqual([gluingOf(player).status, gluingOf(player).ratio], ['PASS', 0]);
  });
});
