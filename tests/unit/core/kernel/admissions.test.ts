import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { AdmissionRecord } from '../../../../core/admission/admission-ledger.ts';
import { assessAdmission } from '../../../../core/admission/decide-admission.ts';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { admissionSceneOf } from '../../../../core/kernel/admission-scene-of.ts';
import { checkpointOf, restoreKernel } from '../../../../core/kernel/checkpoint.ts';
import { inputLine, KernelReplay, readInput } from '../../../../core/kernel/kernel-recording.ts';
import { KernelStory } from '../../../support/kernel-story.ts';
import { meshConfig } from '../../../support/mesh-fixtures.ts';
import { SimulatedService } from '../../../support/simulated-service.ts';

const CONFIG = meshConfig({
  services: { payment: { rps: 400 } },
  workloads: { checkout: { tenant: 'shop' }, batch: { tenant: 'reports' } },
  budgets: { checkout: { payment: { int: 0.8 } }, batch: { payment: { int: 0.5 } } },
});

/** Eight workers of 20 ms: 400 calls/s. */
function story(rates: Readonly<Record<string, number>>): KernelStory {
  const service = new SimulatedService({
    service: 'payment',
    workloads: Object.keys(rates),
    workers: 8,
    meanServiceMs: 20,
    timeoutMs: 1000,
    seed: 5,
  });
  for (const [workload, rate] of Object.entries(rates)) service.setRate(workload, rate);
  return new KernelStory(CONFIG, service);
}

const record = (over: Partial<AdmissionRecord> = {}): AdmissionRecord => ({
  id: 'grant-1',
  workload: 'checkout',
  asked: UNLIMITED,
  admitted: true,
  ratioMax: 0.5,
  services: [{ service: 'payment', thenRps: 150 }],
  ...over,
});

describe('admission on a running kernel', () => {
  it('judges a grant by what the workload saw in its first minute: well', () => {
    const mesh = story({ checkout: 100, batch: 60 });
    mesh.runTo(60);
    mesh.tell({ kind: 'admission', admission: record(), nowMs: mesh.nowMs });
    mesh.runTo(119);
    assert.deepEqual([mesh.view().admission.pending, mesh.view().admission.clean], [1, 0]);
    mesh.runTo(120);
    assert.deepEqual([mesh.view().admission.pending, mesh.view().admission.clean], [0, 1]);
  });

  it('falsifies it where answers take longer than that load explains, and is more careful from then on', () => {
    const mesh = story({ checkout: 100, batch: 60 });
    mesh.runTo(60);
    mesh.tell({ kind: 'admission', admission: record(), nowMs: mesh.nowMs });
    mesh.service.meanServiceMs = 32;
    mesh.runTo(120);
    const { admission } = mesh.view();
    assert.equal(admission.falsified, 1);
    assert.equal(admissionSceneOf(mesh.kernel).caution.coldStartMax, 0.05);
  });

  it('a refusal was needless where the load that it was to keep away came and all was well', () => {
    const mesh = story({ checkout: 100, batch: 60 });
    mesh.runTo(60);
    mesh.tell({ kind: 'admission', admission: record({ admitted: false }), nowMs: mesh.nowMs });
    const far = record({ id: 'r2', admitted: false, services: [{ service: 'payment', thenRps: 300 }] });
    mesh.tell({ kind: 'admission', admission: far, nowMs: mesh.nowMs });
    mesh.runTo(121);
    const { missed, pending } = mesh.view().admission;
    assert.deepEqual([missed, pending], [1, 0]);
  });

  it('goes on from a checkpoint with what it predicted', () => {
    const mesh = story({ checkout: 100, batch: 60 });
    mesh.runTo(60);
    mesh.tell({ kind: 'admission', admission: record(), nowMs: mesh.nowMs });
    const text = JSON.stringify(checkpointOf(mesh.kernel));
    const restored = restoreKernel(JSON.parse(text));
    assert.ok(restored.ok);
    assert.deepEqual(restored.state.admissions, mesh.kernel.admissions);
    const { admissions: _, ...before } = JSON.parse(text).state;
    const old = restoreKernel({ ...JSON.parse(text), state: before });
    assert.ok(old.ok, 'a checkpoint of before there was a ledger');
    assert.deepEqual([old.state.admissions.pending, old.state.admissions.outcomes], [[], []]);
  });

  it('is recorded and replayed like everything that happens to a kernel', () => {
    const mesh = story({ checkout: 100, batch: 60 });
    mesh.runTo(3);
    const replay = new KernelReplay();
    replay.take(readInput(inputLine({ kind: 'start', checkpoint: checkpointOf(mesh.kernel) })));
    const event = { kind: 'admission', admission: record(), nowMs: mesh.nowMs } as const;
    const read = readInput(inputLine(event));
    assert.deepEqual(read, event);
    assert.deepEqual(replay.take(read), []);
  });

  it('predicts the congestion that then comes', () => {
    const mesh = story({ checkout: 60, batch: 100 });
    mesh.runTo(100);
    const scene = admissionSceneOf(mesh.kernel);
    const asked = { ...UNLIMITED, int: 0.6 };
    const { services, decision } = assessAdmission({ workload: 'checkout', asked, live: [], scene });
    const [payment] = services;
    assert.ok(payment);
    assert.equal(decision.admitted, true);
    const predicted = payment.gates.find(({ gate }) => gate === 'fit')?.ratio ?? 0;
    // What the grant allows is what comes.
    mesh.service.setRate('checkout', payment.thenRps - 100);
    mesh.runTo(130);
    const seen = mesh.view().services[0]?.gates.fit.evidence.u_drift ?? 0;
    assert.ok(Math.abs(predicted / seen - 1) < 0.2, `predicted ${predicted}, seen ${seen} at ${payment.thenRps}/s`);
  });
});
