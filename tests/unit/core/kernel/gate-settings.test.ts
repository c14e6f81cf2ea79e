import assert from 'node:assert/strict';
import type { GateName, GateVerdict } from '../../../../core/gates/gate-state.ts';
import { viewOf } from '../../../../core/kernel/view-of.ts';
import type { GateSettings } from '../../../../core/mesh/mesh-config.ts';
import { adoptedMesh } from '../../../support/adopted-mesh.ts';
import { playCoupledTenants } from '../../../support/coupled-tenants.ts';
import { MeshPlayer } from '../../../support/mesh-player.ts';

const MESH = {
  services: { payment: { rps: 1000 } },
  workloads: { web: {}, batch: {} },
  budgets: { web: { payment: { int: 0.5 } }, batch: { payment: { int: 0.5 } } },
};

function verdict(gate: GateName, gates: Partial<GateSettings>, play: (player: MeshPlayer) => void): GateVerdict {
  const player = new MeshPlayer(adoptedMesh(MESH, gates));
  play(player);
  const [service] = viewOf(player.kernel, player.nowMs).services;
  assert.ok(service);
  return service.gates[gate];
}

const statuses = (gate: GateName, settings: Partial<GateSettings>[], play: (player: MeshPlayer) => void) =>
  settings.map((gates) => verdict(gate, gates, play).status);

describe('kernel: every setting of the gates changes a verdict (CONTRACT §G)', () => {
  it('fitThreshold', () => {
    const slower = (player: MeshPlayer) => {
      player.seconds(120, { 'node-1': { calls: 200 } });
      player.seconds(20, { 'node-1': { calls: 200, latencyMs: 24 } });
    };
    assert.deepEqual(statuses('fit', [{ fitThreshold: 0.1 }, { fitThreshold: 0.25 }], slower), ['FAIL', 'PASS']);
  });

  it('gluingK', () => {
    const losing = (player: MeshPlayer) => player.seconds(20, { 'node-1': { calls: 200, attempts: 190 } });
    assert.deepEqual(statuses('gluing', [{ gluingK: 1 }, { gluingK: 3 }], losing), ['FAIL', 'PASS']);
  });

  it('uvLambda1Hz', () => {
    const minute = (player: MeshPlayer) => player.seconds(60, { 'node-1': { calls: 20 } });
    assert.deepEqual(statuses('uv', [{ uvLambda1Hz: 1 / 120 }, { uvLambda1Hz: 1 / 30 }], minute), ['UNKNOWN', 'PASS']);
  });

  it('uvLambdaMaxHz', () => {
    const bursts = (player: MeshPlayer) => player.seconds(60, { 'node-1': { calls: 20, level: 30 } });
    assert.deepEqual(statuses('uv', [{ uvLambdaMaxHz: 600 }, { uvLambdaMaxHz: null }], bursts), ['FAIL', 'PASS']);
  });

  it('isolationEps', () => {
    assert.deepEqual(statuses('isolation', [{ isolationEps: 0.15 }, { isolationEps: 0.9 }], playCoupledTenants), [
      'FAIL',
      'PASS',
    ]);
  });
});

describe('kernel, isolation: who harms whom (MATHS §B4)', () => {
  it('names antagonist and victim', () => {
    const isolation = verdict('isolation', {}, playCoupledTenants);
    assert.deepEqual([isolation.status, isolation.worst], ['FAIL', 'batch']);
    assert.ok((isolation.evidence['victim/web'] ?? 0) > 1);
  });

  it('sees a neighbour that stays by the level of the victim’s latency', () => {
    const isolation = verdict('isolation', {}, (player) => {
      const web = { calls: 100 };
      for (let sec = 0; sec < 120; sec++) {
        player.second({ 'node-1': { 'web/payment': web, 'batch/payment': { calls: 50 } } });
      }
      for (let sec = 0; sec < 20; sec++) {
        const slow = { calls: 100, latencyMs: 36 };
        player.second({ 'node-1': { 'web/payment': slow, 'batch/payment': { calls: 500, latencyMs: 36 } } });
      }
    });
    assert.deepEqual([isolation.status, isolation.worst], ['FAIL', 'batch']);
    assert.ok((isolation.evidence['victim/web'] ?? 0) > 1);
  });

  it('has nothing to judge where there is one tenant', () => {
    const isolation = verdict('isolation', {}, (player) => {
      for (let sec = 0; sec < 60; sec++) player.second({ 'node-1': { 'web/payment': { calls: 100 } } });
    });
    assert.deepEqual([isolation.status, isolation.reason], ['NOT_APPLICABLE', 'one-tenant']);
  });
});
