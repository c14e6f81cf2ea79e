import { deepEqual, match } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createControlPlaneMetrics } from '../../../../control-plane/metrics/control-plane-metrics.ts';
import { EMPTY_ADMISSION_LEDGER } from '../../../../core/admission/admission-ledger.ts';
import { createKernel } from '../../../../core/kernel/kernel-state.ts';
import { viewOf } from '../../../../core/kernel/view-of.ts';

const lines = (text: string, name: string): string[] => text.split('\n').filter((line) => line.startsWith(name));

describe('/metrics of the control plane', () => {
  it('tells how well admission predicts, and only what is known', async () => {
    const kernel = createKernel();
    const none = () => 0;
    const { registry } = createControlPlaneMetrics({
      view: () => viewOf(kernel, 0),
      leadership: () => ({ role: 'leader', epoch: 1 }),
      replicas: none,
      casConflicts: none,
      droppedFrames: none,
      droppedEffects: none,
      nodes: () => [],
    });
    deepEqual(lines(await registry.metrics(), 'capmesh_admission_precision'), []);
    const outcome = { kind: 'clean', confidence: 0.85, tenth: 4 } as const;
    kernel.admissions = {
      ...EMPTY_ADMISSION_LEDGER,
      outcomes: [outcome, { ...outcome, kind: 'falsified' }],
      cautionLevel: 1,
    };
    const text = await registry.metrics();
    deepEqual(lines(text, 'capmesh_admission_outcomes'), [
      'capmesh_admission_outcomes{outcome="clean"} 1',
      'capmesh_admission_outcomes{outcome="falsified"} 1',
      'capmesh_admission_outcomes{outcome="missed"} 0',
      'capmesh_admission_outcomes{outcome="pending"} 0',
    ]);
    match(text, /^capmesh_admission_precision\{figure="value"\} 0\.5$/m);
    match(text, /^capmesh_admission_margin 0\.15/m);
  });
});
