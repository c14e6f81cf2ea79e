import assert from 'node:assert/strict';
import { type CapacityVector, UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { GATES, type GateName } from '../../../../core/gates/gate-state.ts';
import { CapacityKernel } from '../../../../core/kernel/capacity-kernel.ts';
import { GateMonitor } from '../../../../core/kernel/gate-monitor.ts';
import type { SubstrateState } from '../../../../core/kernel/substrate-state.ts';
import type { GateSettings } from '../../../../core/mesh/mesh-config.ts';
import { playCoupledTenants } from '../../../support/coupled-tenants.ts';
import { kernelPlayer } from '../../../support/kernel-player.ts';
import { meshConfig } from '../../../support/mesh-fixtures.ts';
import type { MeshPlayer } from '../../../support/mesh-player.ts';

const MESH = meshConfig({
  services: { payment: { rps: 1000 } },
  workloads: { web: {}, batch: {} },
  budgets: { web: { payment: { int: 0.5 } }, batch: { payment: { int: 0.5 } } },
});

/** What is measured after some seconds of play. */
function measured(play: (player: MeshPlayer) => void, gates: Partial<GateSettings> = {}): SubstrateState {
  const { kernel, player } = kernelPlayer({ ...MESH, gates: { ...MESH.gates, ...gates } }, CapacityKernel);
  play(player);
  return kernel.substrate.measure({ nowMs: player.nowMs, wallMs: 0 });
}

const status = (
  gate: GateName,
  state: SubstrateState,
  settings: Partial<GateSettings>,
  C: CapacityVector = UNLIMITED,
) => new GateMonitor(settings).evaluate(state, C).gates[gate].status;

const slower = (player: MeshPlayer): void => {
  player.seconds(120, { 'node-1': { calls: 200 } });
  player.seconds(20, { 'node-1': { calls: 200, latencyMs: 24 } });
};

describe('GateMonitor: every parameter and C change a verdict on the same measurement (CONTRACT §G)', () => {
  it('fitThreshold, which C_geo tightens', () => {
    const state = measured(slower);
    assert.equal(status('fit', state, { fitThreshold: 0.1 }), 'FAIL');
    assert.equal(status('fit', state, { fitThreshold: 0.25 }), 'PASS');
    assert.equal(status('fit', state, { fitThreshold: 0.25 }, { ...UNLIMITED, geo: 1 }), 'FAIL');
  });

  it('gluingK', () => {
    const state = measured((player) => player.seconds(20, { 'node-1': { calls: 200, attempts: 190 } }));
    assert.equal(status('gluing', state, { gluingK: 1 }), 'FAIL');
    assert.equal(status('gluing', state, { gluingK: 3 }), 'PASS');
  });

  it('uvLambda1Hz', () => {
    const state = measured((player) => player.seconds(60, { 'node-1': { calls: 20 } }));
    assert.equal(status('uv', state, { uvLambda1Hz: 1 / 120 }), 'UNKNOWN');
    assert.equal(status('uv', state, { uvLambda1Hz: 1 / 30 }), 'PASS');
  });

  it('uvLambdaMaxHz', () => {
    const state = measured((player) => player.seconds(60, { 'node-1': { calls: 20, level: 30 } }));
    assert.equal(status('uv', state, { uvLambdaMaxHz: 600 }), 'FAIL');
    assert.equal(status('uv', state, { uvLambdaMaxHz: null }), 'PASS');
  });

  it('isolationEps, which C_int tightens', () => {
    // A kernel that does not mind, for one that fails learns nothing.
    const state = measured(playCoupledTenants, { isolationEps: 0.9 });
    const { ratio } = new GateMonitor().evaluate(state, UNLIMITED).gates.isolation;
    const between = 0.15 * (ratio ?? Number.NaN) * 1.2;
    assert.equal(status('isolation', state, { isolationEps: 0.15 }), 'FAIL');
    assert.equal(status('isolation', state, { isolationEps: between }), 'PASS');
    assert.equal(status('isolation', state, { isolationEps: between }, { ...UNLIMITED, int: 1 }), 'FAIL');
  });

  it('has the defaults of a mesh without settings', () => {
    assert.deepEqual({ ...new GateMonitor() }, MESH.gates);
  });

  it('judges all four gates of every service, changes nothing, and passes only if all of them do', () => {
    const state = measured(slower);
    const monitor = new GateMonitor();
    const first = monitor.evaluate(state, UNLIMITED);
    assert.deepEqual([...first.services.keys()], ['payment']);
    assert.deepEqual(Object.keys(first.gates).sort(), [...GATES].sort());
    new GateMonitor({ fitThreshold: 0.01 }).evaluate(state, UNLIMITED);
    assert.deepEqual(monitor.evaluate(state, UNLIMITED), first);
    assert.equal(new GateMonitor({ fitThreshold: 0.1 }).evaluate(state, UNLIMITED).allPass, false);
  });
});
