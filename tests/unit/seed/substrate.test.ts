import assert from 'node:assert/strict';
import { CapacityKernel, SubstrateState } from '../../../core/index.ts';
import { kernelPlayer } from '../../support/kernel-player.ts';
import { assertNames, CHAIN } from '../../support/seed-fixtures.ts';

describe('SubstrateState', () => {
  const { kernel, player } = kernelPlayer(CHAIN, CapacityKernel);
  player.seconds(60, { 'node-1': { calls: 100 } });
  const state = kernel.substrate.measure({ nowMs: player.nowMs, wallMs: 1_800_000_000_000 });

  it('has what is measured', () => {
    assert.ok(state instanceof SubstrateState);
    const fields = ['service_metrics', 'resource_metrics', 'correlator_g', 'eigenvalue_spectrum', 'timestamp'];
    assertNames(state, fields, { timestamp: 'timestampMs' });
    assert.equal(state.timestampMs, 1_800_000_000_000);
  });

  it('service_metrics: load, latency and errors over time', () => {
    const stream = state.serviceMetrics.get('payment') ?? [];
    assert.ok(stream.length > 50);
    assert.deepEqual(stream.at(-1), { durationSec: 1, loadRps: 100, latencyMs: 20, errorRatio: 0, inFlight: 2 });
  });

  it('correlator_g: the calls that were seen against those that the model expects', () => {
    const { names, cells } = state.correlatorG;
    const inner = cells.find(({ from, to }) => names[from] === 'checkout' && names[to] === 'payment');
    assert.equal(inner?.observedRps, 100);
    assert.ok(Math.abs((inner?.expectedRps ?? 0) - 100) < 1e-6);
  });

  it('eigenvalue_spectrum: of the calls between services, 0 … 2', () => {
    const eigenvalues = state.eigenvalueSpectrum.eigenvalues ?? [];
    assert.equal(eigenvalues.map((value) => value.toFixed(6)).join(), '0.000000,1.000000,2.000000', 'a path of three');
  });
});
