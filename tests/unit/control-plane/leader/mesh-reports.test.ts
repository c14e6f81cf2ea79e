import { deepEqual, equal } from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { MeshReports } from '../../../../control-plane/leader/mesh-reports.ts';
import { assessAdmission } from '../../../../core/admission/decide-admission.ts';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { checkpointOf } from '../../../../core/kernel/checkpoint.ts';
import { createKernel, type KernelState } from '../../../../core/kernel/kernel-state.ts';
import { planInputOf } from '../../../../core/kernel/plan-mesh.ts';
import { step } from '../../../../core/kernel/step.ts';
import { viewOf } from '../../../../core/kernel/view-of.ts';
import { whatIfEdit } from '../../../../core/kernel/what-if-edit.ts';
import { type ManualClock, manualClock } from '../../../support/manual-clock.ts';
import { SHOP } from '../../../support/mesh-fixtures.ts';
import { PlainMessages } from '../../../support/plain-messages.ts';
import { until } from '../../../support/until.ts';

describe('reports of the leader to the other replicas', () => {
  const config = SHOP;
  let clock: ManualClock;
  let messages: PlainMessages;
  let reports: MeshReports;
  let kernel: KernelState;
  let leads: boolean;
  let warnings: number;
  let admissions: string[];

  /** What is sent is heard, by the sender too. */
  const report = async (epoch: number): Promise<void> => {
    const before = messages.sent.length;
    reports.send({ epoch, nowMs: kernel.nowMs, checkpoint: checkpointOf(kernel) });
    await until(() => messages.sent.length > before);
    await messages.deliver(messages.sent.at(-1));
  };
  const admits = (int: number): boolean => {
    const asked = { geo: 0, int, gauge: 0, ptr: int, obs: 0 };
    return assessAdmission({ workload: 'checkout', asked, live: [], scene: reports.admissionScene() }).decision
      .admitted;
  };

  beforeEach(() => {
    clock = manualClock(0);
    admissions = [];
    leads = true;
    warnings = 0;
    messages = new PlainMessages();
    reports = new MeshReports({
      connection: messages.connection,
      mesh: 'shop',
      bytesMax: 1_000_000,
      config: () => config,
      judge: () => (leads ? { noteAdmission: (record) => admissions.push(record.id) } : null),
      clock,
      logger: { warn: () => warnings++ },
    });
    kernel = createKernel();
    step(kernel, { kind: 'config', config });
  });
  afterEach(() => reports.stop());

  it('tell a replica what the kernel knows, and what plans are computed from', async () => {
    await report(1);
    deepEqual(reports.view(), viewOf(kernel, kernel.nowMs));
    const { offeredRps, ...told } = reports.planInput(config);
    const { offeredRps: known, ...input } = planInputOf(kernel, config);
    deepEqual(told, input);
    equal(offeredRps.get('checkout/payment'), known.get('checkout/payment'));
    deepEqual(reports.whatIfEdit(config), whatIfEdit(kernel, config));
  });

  it('bring what other replicas decided to the leader', async () => {
    const record = { id: 'g1', workload: 'checkout', asked: UNLIMITED, admitted: true, ratioMax: null, services: [] };
    reports.tellAdmission(record);
    await until(() => messages.sent.length > 0);
    await messages.deliver(messages.sent[0]);
    deepEqual(admissions, ['g1']);
  });

  it('are of no interest to a replica that does not lead: it does not even read what others decided', async () => {
    const unreadable = { subject: 'capmesh.v1.admissions.shop', data: Buffer.from('no gzip') };
    await messages.deliver(unreadable);
    equal(warnings, 1);
    leads = false;
    await messages.deliver(unreadable);
    equal(warnings, 1);
  });

  it('leave a replica blind that has heard none, or none for 10 s: then it admits small grants only', async () => {
    deepEqual([admits(0.5), admits(0.1)], [false, true]);
    await report(1);
    deepEqual([admits(0.5), reports.view().services[0]?.gates.fit.reason], [true, 'warmup']);
    clock.advance(10_001);
    deepEqual([admits(0.5), admits(0.1)], [false, true]);
    equal(reports.view().services[0]?.gates.fit.reason, 'stale');
  });

  it('are not taken from a leader that is none any more', async () => {
    await report(2);
    const before = reports.view();
    step(kernel, { kind: 'action-control', control: { safeMode: true, pausedUntilMs: 0 } });
    await report(1);
    deepEqual(reports.view(), before);
  });
});
