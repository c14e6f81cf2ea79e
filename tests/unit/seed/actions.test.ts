import assert from 'node:assert/strict';
import { CapacityKernel, StabilityController } from '../../../core/index.ts';
import { kernelPlayer } from '../../support/kernel-player.ts';
import type { MeshPlayer } from '../../support/mesh-player.ts';
import { actionsIn, assertNames, MESH } from '../../support/seed-fixtures.ts';

describe('StabilityController', () => {
  const told = (play: (player: MeshPlayer) => void, gate: string): string[] => {
    const { player } = kernelPlayer(MESH, CapacityKernel);
    play(player);
    const actions = actionsIn(player.effects).filter((action) => action.gate === gate);
    return [...new Set(actions.map(({ horizon, kind, target }) => `${horizon} ${kind} ${target}`))];
  };
  const health = (player: MeshPlayer): void => player.seconds(120, { 'node-1': { calls: 100 } });

  it('has an answer to each gate', () => {
    const names = ['fit', 'gluing', 'uv', 'isolation'].map((gate) => `on_${gate}_violation`);
    assertNames(StabilityController.prototype, names);
  });

  it('fit: falls back to what is known', () => {
    const actions = told((player) => {
      health(player);
      player.seconds(5, { 'node-1': { calls: 100, latencyMs: 200 } });
    }, 'fit');
    assert.ok(actions.includes('immediate freeze-learning payment'), actions.join());
  });

  it('gluing: changes nothing by itself and adds coherence points', () => {
    const actions = told((player) => player.seconds(20, { 'node-1': { calls: 200, attempts: 150 } }), 'gluing');
    assert.deepEqual(actions, ['immediate hold-rollout payment', 'immediate shorten-leases payment']);
  });

  it('UV: asks for larger batches and, where there is harm, limits the burst', () => {
    const actions = told((player) => {
      health(player);
      player.seconds(5, { 'node-1': { calls: 100, level: 300, latencyMs: 40 } });
    }, 'uv');
    assert.ok(
      actions.some((action) => /^immediate advise-batching (web|batch)\/payment$/.test(action)),
      actions.join(),
    );
    assert.ok(
      actions.some((action) => /^immediate cut-burst (web|batch)\/payment$/.test(action)),
      actions.join(),
    );
  });

  it('isolation: takes from the neighbour that harms, a little first', () => {
    const actions = told((player) => {
      for (let sec = 0; sec < 120; sec++) {
        player.second({ 'node-1': { 'web/payment': { calls: 100 }, 'batch/payment': { calls: 50 } } });
      }
      for (let sec = 0; sec < 20; sec++) {
        const slow = { calls: 100, latencyMs: 36 };
        player.second({ 'node-1': { 'web/payment': slow, 'batch/payment': { calls: 500, latencyMs: 36 } } });
      }
    }, 'isolation');
    assert.equal(actions[0], 'immediate probe batch');
  });
});
