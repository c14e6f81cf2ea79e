import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { queueGrowth } from '../../../../core/admission/latency-growth.ts';
import { judge } from '../../../../core/gates/verdict.ts';
import {
  requestScale,
  SCALE_AFTER_MS,
  type ScaleInput,
  scaleDecision,
} from '../../../../core/stability/scale-request.ts';
import { StabilityController } from '../../../../core/stability/stability-controller.ts';
import type { SceneEdge, StabilityScene } from '../../../../core/stability/stability-scene.ts';
import { sceneEdge, stabilityScene } from '../../../support/stability-scenes.ts';

/** u of fit, and of isolation on a shared service, with a factor on the capacity. */
function ratioAt({ demandRps, capacityRps, baselineSec, isShared }: ScaleInput, factor: number): number {
  const growth = queueGrowth(demandRps, factor * capacityRps, baselineSec);
  return Math.max(growth / 3, isShared ? Math.log(growth) / Math.log(1.5) : 0);
}

const edge = (workload: string, more: Partial<SceneEdge> = {}): SceneEdge =>
  sceneEdge(workload, {
    offeredRps: 500,
    admittedRps: 300,
    goodRps: 200,
    breakerRefusedRps: 100,
    shedRps: 200,
    refusing: true,
    guaranteeRps: null,
    ...more,
  });

const passing = judge(0.5);
const scene = (more: Partial<StabilityScene> = {}): StabilityScene =>
  stabilityScene({
    gates: { fit: judge(3), gluing: passing, uv: passing, isolation: passing },
    edges: [edge('checkout'), edge('batch')],
    harm: ['pool'],
    trimming: true,
    trimmingMs: SCALE_AFTER_MS,
    overloadEvidence: 1,
    capacityRps: 400,
    fitFailingMs: SCALE_AFTER_MS,
    nowMs: 100_000,
    ...more,
  });

describe('scale decision (MATHS §B7)', () => {
  it('is the smallest capacity that brings every gate to 0.8', () => {
    fc.assert(
      fc.property(
        fc.record({
          demandRps: fc.double({ min: 1, max: 2000, noNaN: true }),
          capacityRps: fc.double({ min: 10, max: 1000, noNaN: true }),
          baselineSec: fc.constantFrom(0, 0.001, 0.02, 0.5),
          isShared: fc.boolean(),
        }),
        (input) => {
          const { factor, capacityRps } = scaleDecision(input);
          assert.ok(factor >= 1 && factor <= 10);
          assert.equal(capacityRps, factor * input.capacityRps);
          if (factor < 10) assert.ok(ratioAt(input, factor) <= 0.8 + 1e-9, `${ratioAt(input, factor)} with ${factor}`);
          if (factor > 1.001) assert.ok(ratioAt(input, factor - 0.001) > 0.8, 'less would do');
        },
      ),
      { numRuns: 500 },
    );
  });

  it('takes the calls in flight by Little: 1.5 · 1000/s · 20 ms · 2.4', () => {
    const input = { demandRps: 1000, capacityRps: 400, baselineSec: 0.02 };
    assert.equal(scaleDecision({ ...input, isShared: false }).concurrency, 72);
    assert.equal(scaleDecision({ ...input, isShared: true }).concurrency, 42);
  });
});

describe('request-scale', () => {
  it('asks for what the refused calls would need, in quarters', () => {
    // 2·(300 + 200) calls/s wanted, of 400.
    const { factor } = scaleDecision({ demandRps: 1000, capacityRps: 400, baselineSec: 0.02, isShared: true });
    const measure = requestScale(scene());
    assert.deepEqual([measure?.kind, measure?.horizon, measure?.target], ['request-scale', 'long-term', 'payment']);
    assert.ok(measure && measure.size >= factor && measure.size < factor + 0.25 && measure.size % 0.25 === 0);
  });

  it('comes last: after a minute of holding the service, and only where calls were refused for want of capacity', () => {
    const kinds = (more: Partial<StabilityScene>) =>
      new StabilityController().decide(scene(more)).map(({ kind }) => kind);
    assert.ok(kinds({}).includes('request-scale'));
    assert.ok(!kinds({ trimmingMs: SCALE_AFTER_MS - 1 }).includes('request-scale'));
    assert.ok(!kinds({ trimming: false }).includes('request-scale'));
    // What budgets refuse is as operators want it.
    const budgeted = edge('checkout', { offeredRps: 900, admittedRps: 600, breakerRefusedRps: 0, shedRps: 0 });
    assert.ok(!kinds({ edges: [budgeted] }).includes('request-scale'));
    assert.ok(!kinds({ harm: [] }).includes('request-scale'));
  });
});
