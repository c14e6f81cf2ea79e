import assert from 'node:assert/strict';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { CapacityKernel } from '../../../../core/kernel/capacity-kernel.ts';
import type { MeasuredMesh } from '../../../../core/kernel/measure-mesh.ts';
import { viewOf } from '../../../../core/kernel/view-of.ts';
import { kernelPlayer } from '../../../support/kernel-player.ts';
import { meshConfig } from '../../../support/mesh-fixtures.ts';
import { MeshPlayer } from '../../../support/mesh-player.ts';

const MESH = meshConfig({
  services: { payment: { rps: 1000, concurrency: 100 }, inventory: { rps: 500 } },
  workloads: { web: { tenant: 'shop' }, batch: { tenant: 'shop', prio: 2 } },
  budgets: {
    web: { payment: { int: 0.5, ptr: 0.4, geo: 0.6 }, inventory: { int: 0.8 } },
    batch: { payment: { int: 0.3 } },
  },
});

class WatchedKernel extends CapacityKernel {
  stabilized = 0;

  override stabilize(measured: MeasuredMesh, wallMs: number) {
    this.stabilized += 1;
    return super.stabilize(measured, wallMs);
  }
}

/** Two minutes: warm-up, health, answers five times slower, health. */
function story(player: MeshPlayer): void {
  player.seconds(60, { 'node-1': { calls: 100 }, 'node-2': { calls: 50 } });
  player.seconds(20, { 'node-1': { calls: 100, latencyMs: 100 }, 'node-2': { calls: 50, latencyMs: 100 } });
  player.seconds(40, { 'node-1': { calls: 100 }, 'node-2': { calls: 50 } });
}

describe('CapacityKernel', () => {
  it('decides exactly what `step` decides', () => {
    const plain = new MeshPlayer(MESH);
    const { kernel, player } = kernelPlayer(MESH, CapacityKernel);
    story(plain);
    story(player);
    assert.ok(plain.effects.some((effect) => effect.kind === 'emit-event' && effect.event.action !== null));
    assert.deepEqual(player.effects, plain.effects);
    assert.deepEqual(kernel.view(player.nowMs), viewOf(plain.kernel, plain.nowMs));
  });

  it('stabilises while not all gates pass and until its actions have ended, and not in health', () => {
    const { kernel, player } = kernelPlayer(MESH, WatchedKernel);
    player.seconds(60, { 'node-1': { calls: 100 } });
    const warm = kernel.stabilized;
    assert.equal(kernel.allPass(), true);
    player.seconds(10, { 'node-1': { calls: 100 } });
    assert.equal(kernel.stabilized, warm, 'nothing to do in health');
    player.seconds(3, { 'node-1': { calls: 100, latencyMs: 100 } });
    assert.equal(kernel.gates.fit.status, 'FAIL');
    assert.equal(kernel.allPass(), false);
    assert.ok(kernel.stabilized > warm);
    assert.ok(kernel.view(player.nowMs).actions.length > 0);
    player.seconds(60, { 'node-1': { calls: 100 } });
    assert.deepEqual(kernel.view(player.nowMs).actions, []);
    const ended = kernel.stabilized;
    player.seconds(5, { 'node-1': { calls: 100 } });
    assert.equal(kernel.stabilized, ended);
  });

  it('goes on until an action that outlives its gate has ended', () => {
    const { kernel, player } = kernelPlayer(MESH, CapacityKernel);
    const running = () => kernel.view(player.nowMs).actions.map(({ kind }) => kind);
    player.seconds(60, { 'node-1': { calls: 100 } });
    player.seconds(5, { 'node-1': { calls: 100, attempts: 60 } });
    while (!kernel.allPass()) player.seconds(1, { 'node-1': { calls: 100 } });
    assert.deepEqual([...new Set(running())], ['shorten-leases']);
    player.seconds(10, { 'node-1': { calls: 100 } });
    assert.deepEqual(running(), []);
  });

  it('has as C the largest live share on every axis', () => {
    const { kernel } = kernelPlayer(MESH, CapacityKernel);
    assert.deepEqual(kernel.C, { geo: 0.6, int: 0.8, gauge: null, ptr: 0.4, obs: null });
    kernel.tell({ kind: 'grants', live: new Map([['web', { ...UNLIMITED, int: 0.5, ptr: 0.25, geo: 0.2 }]]) });
    assert.deepEqual(kernel.C, { geo: 0.2, int: 0.4, gauge: null, ptr: 0.1, obs: null });
  });

  it('takes each gate from the service that is worst off', () => {
    const { kernel, player } = kernelPlayer(MESH, CapacityKernel);
    const edges = (latencyMs: number) => ({
      'web/payment': { calls: 100 },
      'web/inventory': { calls: 100, latencyMs },
      'batch/payment': { calls: 100 },
    });
    for (let sec = 0; sec < 60; sec++) player.second({ 'node-1': edges(20) });
    for (let sec = 0; sec < 3; sec++) player.second({ 'node-1': edges(100) });
    const { services } = kernel.view(player.nowMs);
    assert.deepEqual(
      services.map(({ service, gates }) => [service, gates.fit.status]),
      [
        ['payment', 'PASS'],
        ['inventory', 'FAIL'],
      ],
    );
    assert.deepEqual([kernel.gates.fit.status, kernel.gates.fit.worst], ['FAIL', 'web/inventory']);
  });
});
