import assert from 'node:assert/strict';
import { CapacityKernel } from '../../../../core/kernel/capacity-kernel.ts';
import { createKernel } from '../../../../core/kernel/kernel-state.ts';
import { step } from '../../../../core/kernel/step.ts';
import { Substrate } from '../../../../core/kernel/substrate.ts';
import { meshSpectrum } from '../../../../core/substrate/spectrum.ts';
import type { TelemetryFrame } from '../../../../core/substrate/telemetry-frame.ts';
import { kernelPlayer } from '../../../support/kernel-player.ts';
import { counters, frame, meshConfig } from '../../../support/mesh-fixtures.ts';

/** web → checkout → payment; checkout calls twice what it handles. */
const MESH = meshConfig({
  services: { checkout: {}, payment: {} },
  workloads: { web: {}, checkout: {} },
  budgets: { web: { checkout: {} }, checkout: { payment: {} } },
});
const RESOURCES = { cpuRatio: 0.5, memoryUsedBytes: 1, memoryTotalBytes: 4, networkBytes: 10, diskBytes: 20 };

describe('Substrate', () => {
  it('measures load, latency and errors of each service as a series of at most a minute', () => {
    const frames: TelemetryFrame[] = [];
    const kernel = createKernel();
    step(kernel, { kind: 'config', config: MESH });
    const substrate = new Substrate(kernel, () => frames.splice(0));
    const bucketOf20Ms = 17;
    const at = (sec: number) => {
      const buckets = counters('web', 'checkout').latencyBuckets.map((_, k) => (k === bucketOf20Ms ? 80 * sec : 0));
      const counts = { attempts: 100 * sec, failures: 20 * sec, latencyBuckets: buckets, latencySumMs: 1600 * sec };
      frames.push(frame(sec, [counters('web', 'checkout', { ...counts, inFlight: 3 })], { resources: RESOURCES }));
      return substrate.measure({ nowMs: 1000 * sec, wallMs: 5000 + 1000 * sec });
    };
    let state = at(1);
    assert.deepEqual(state.serviceMetrics.get('checkout'), [], 'the first frame starts the counters');
    for (let sec = 2; sec <= 90; sec++) state = at(sec);
    const stream = state.serviceMetrics.get('checkout') ?? [];
    assert.equal(stream.length, 60);
    assert.deepEqual(stream.at(-1), { durationSec: 1, loadRps: 100, latencyMs: 20, errorRatio: 0.2, inFlight: 3 });
    assert.deepEqual(state.serviceMetrics.get('payment')?.at(-1)?.loadRps, 0);
    assert.deepEqual(state.serviceMetrics.get('payment')?.at(-1)?.latencyMs, null);
    assert.equal(state.timestampMs, 95_000);
    assert.deepEqual(state.resourceMetrics, new Map([['node-1', RESOURCES]]));
  });

  it('sets the calls that were seen against those that the model expects', () => {
    const { kernel, player } = kernelPlayer(MESH, CapacityKernel);
    const second = (web: number, payment: number) =>
      player.second({ 'node-1': { 'web/checkout': { calls: web }, 'checkout/payment': { calls: payment } } });
    for (let sec = 0; sec < 60; sec++) second(100, 200);
    const state = kernel.substrate.measure({ nowMs: player.nowMs, wallMs: 0 });
    const { names, cells } = state.correlatorG;
    assert.deepEqual(names, ['checkout', 'payment', 'web']);
    assert.deepEqual(
      cells.map(({ from, to, observedRps }) => ({ from, to, observedRps })),
      [
        { from: 2, to: 0, observedRps: 100 },
        { from: 0, to: 1, observedRps: 200 },
      ],
    );
    assert.equal(cells[0]?.expectedRps, null, 'nothing expects what comes from outside');
    assert.ok(Math.abs((cells[1]?.expectedRps ?? 0) - 200) < 1e-9);
    for (let sec = 0; sec < 10; sec++) second(100, 300);
    const changed = kernel.substrate.measure({ nowMs: player.nowMs, wallMs: 0 }).correlatorG.cells[1];
    assert.equal(changed?.observedRps, 300);
    assert.ok(Math.abs((changed?.expectedRps ?? 0) - 200) < 10, `${changed?.expectedRps}`);
  });

  it('has the spectrum of what was seen then, also when it is asked for later', () => {
    const { kernel, player } = kernelPlayer(MESH, CapacityKernel);
    player.seconds(20, { 'node-1': { calls: 100 } });
    const state = kernel.substrate.measure({ nowMs: player.nowMs, wallMs: 0 });
    for (let sec = 0; sec < 20; sec++) player.second({ 'node-1': { 'web/checkout': { calls: 100 } } });
    const path = meshSpectrum(3, [
      { from: 2, to: 0, rateRps: 100 },
      { from: 0, to: 1, rateRps: 100 },
    ]);
    assert.deepEqual(state.eigenvalueSpectrum, path);
    assert.equal(state.eigenvalueSpectrum.eigenvalues?.length, 3);
  });
});
