import assert from 'node:assert/strict';
import { createKernel } from '../../../../core/kernel/kernel-state.ts';
import { step } from '../../../../core/kernel/step.ts';
import { substrateViewOf } from '../../../../core/kernel/substrate-view.ts';
import { SpectrumMemory } from '../../../../core/substrate/spectrum-memory.ts';
import { counters, frame, meshConfig } from '../../../support/mesh-fixtures.ts';

const MESH = meshConfig({
  services: { checkout: {}, payment: {} },
  workloads: { web: {}, app: {}, checkout: {} },
  budgets: { web: { checkout: {} }, app: { checkout: {} }, checkout: { payment: {} } },
});
const RESOURCES = { cpuRatio: 0.5, memoryUsedBytes: 1, memoryTotalBytes: 4, networkBytes: 10, diskBytes: 20 };

/** A kernel that saw `seconds` of web and app calling checkout, and checkout calling payment. */
function kernelAfter(seconds: number) {
  const kernel = createKernel();
  step(kernel, { kind: 'config', config: MESH });
  for (let sec = 0; sec <= seconds; sec++) {
    const answered = (perSec: number) => ({
      attempts: perSec * sec,
      failures: (perSec / 10) * sec,
      latencyBuckets: [0, 0, 0, perSec * sec],
      latencySumMs: 2 * perSec * sec,
      inFlight: 1,
    });
    const edges = [
      counters('web', 'checkout', answered(20)),
      counters('app', 'checkout', answered(30)),
      counters('checkout', 'payment', answered(100)),
    ];
    step(kernel, { kind: 'frame', frame: frame(sec + 1, edges, { resources: RESOURCES }), nowMs: 1000 * sec });
    step(kernel, { kind: 'tick', nowMs: 1000 * sec, wallMs: 1000 * sec });
  }
  return kernel;
}

describe('view of the substrate', () => {
  it('adds up the edges of a service, tick by tick, for a minute at most', () => {
    const view = substrateViewOf(kernelAfter(3), 4500, new SpectrumMemory());
    const sample = { durationSec: 1, loadRps: 50, latencyMs: 2, errorRatio: 0.1, inFlight: 2 };
    assert.deepEqual(view.serviceMetrics.get('checkout'), [sample, sample, sample]);
    assert.deepEqual([view.ageMs, view.mesh], [1500, 'shop']);
    assert.equal(substrateViewOf(kernelAfter(80), 0, new SpectrumMemory()).serviceMetrics.get('payment')?.length, 60);
  });

  it('has hosts, the correlator and its spectrum', () => {
    const view = substrateViewOf(kernelAfter(20), 20_000, new SpectrumMemory());
    assert.deepEqual([...view.resourceMetrics], [['node-1', RESOURCES]]);
    const { names, cells } = view.correlatorG;
    const seen = cells.map(({ from, to, observedRps }) => [names[from], names[to], observedRps]);
    assert.deepEqual(seen, [
      ['web', 'checkout', 20],
      ['app', 'checkout', 30],
      ['checkout', 'payment', 100],
    ]);
    assert.equal(view.eigenvalueSpectrum.eigenvalues?.length, 4);
    assert.ok(Math.abs((view.eigenvalueSpectrum.lambdaMax ?? 0) - 2) < 1e-9, 'a tree is bipartite');
    assert.equal(view.eigenvalueSpectrum.zeroMultiplicity, 1);
  });

  it('decides nothing: a kernel that was looked at goes on as one that was not', () => {
    const [watched, other] = [kernelAfter(40), kernelAfter(40)];
    substrateViewOf(watched, 40_000, new SpectrumMemory());
    const edges = [counters('web', 'checkout', { attempts: 1000 })];
    const on = [watched, other].map((kernel) => {
      step(kernel, { kind: 'frame', frame: frame(42, edges), nowMs: 41_000 });
      return step(kernel, { kind: 'tick', nowMs: 41_000, wallMs: 41_000 });
    });
    assert.deepEqual(on[0], on[1]);
  });

  it('is empty before anything was told', () => {
    const view = substrateViewOf(createKernel(), 0, new SpectrumMemory());
    assert.deepEqual(
      [view.serviceMetrics.size, view.correlatorG.names, view.eigenvalueSpectrum.lambda1],
      [0, [], null],
    );
  });
});
