import assert from 'node:assert/strict';
import fc from 'fast-check';
import { CHECKPOINT_VERSION, checkpointOf, restoreKernel } from '../../../../core/kernel/checkpoint.ts';
import type { KernelEvent } from '../../../../core/kernel/kernel-io.ts';
import { createKernel, type KernelState } from '../../../../core/kernel/kernel-state.ts';
import { step } from '../../../../core/kernel/step.ts';
import { viewOf } from '../../../../core/kernel/view-of.ts';
import { type RecordedStory, recordStory } from '../../../support/recorded-story.ts';

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function restored(checkpoint: unknown): KernelState {
  const kernel = restoreKernel(checkpoint);
  assert.ok(kernel.ok, kernel.ok ? '' : kernel.problem);
  return kernel.state;
}

function play(inputs: readonly KernelEvent[]): KernelState {
  const kernel = createKernel();
  for (const input of inputs) step(kernel, structuredClone(input));
  return kernel;
}

/** Inputs that are followed after a restart: half a minute. */
const FOLLOWED = 80;

/** Where the tick after so many seconds ends. */
function at(story: RecordedStory, sec: number): number {
  const ticks = story.inputs.flatMap(({ kind }, i) => (kind === 'tick' ? [i] : []));
  return (ticks[sec - 1] ?? 0) + 1;
}

describe('checkpoint of a kernel', () => {
  let story: RecordedStory;

  before(() => {
    story = recordStory(7, [
      [110, 200],
      [125, 1600],
      [140, 200],
    ]);
  });

  it('goes on exactly where it was made, wherever that is', () => {
    const kinds = new Set(story.effects.flat().map(({ kind }) => kind));
    assert.deepEqual([...kinds].sort(), ['emit-event', 'publish-leases', 'publish-plan']);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: story.inputs.length - 1 }), (cut) => {
        const kernel = restored(throughJson(checkpointOf(play(story.inputs.slice(0, cut)))));
        for (let i = cut; i < Math.min(cut + FOLLOWED, story.inputs.length); i++) {
          const effects = step(kernel, structuredClone(story.inputs[i] as KernelEvent)).effects;
          assert.deepEqual(effects, story.effects[i], `input ${i} after a restart at ${cut}`);
        }
      }),
      { numRuns: 6, examples: [[0], [at(story, 109)], [at(story, 118)]] },
    );
  });

  it('keeps in short form what was learned, the verdicts and the actions', () => {
    const before = play(story.inputs.slice(0, at(story, 120)));
    const after = restored(throughJson(checkpointOf(before, 'learned')));
    const [was, is] = [before, after].map((kernel) => kernel.services.get('payment'));
    assert.equal(was?.controller.mode, 'trim');
    assert.deepEqual(is?.controller, was?.controller);
    assert.deepEqual(is?.gates, was?.gates);
    assert.deepEqual(is?.action, was?.action);
    for (const [key, edge] of was?.edges ?? []) {
      assert.deepEqual(is?.edges.get(key)?.model, edge.model);
      assert.equal(is?.edges.get(key)?.latency.expected(200), edge.latency.expected(200));
    }
    step(after, { kind: 'tick', nowMs: before.nowMs + 1000, wallMs: 0 });
  });

  it('shows verdicts from before a restart with the age of their data, until they are judged anew', () => {
    const before = play(story.inputs.slice(0, at(story, 103)));
    const after = restored(throughJson(checkpointOf(before)));
    step(after, { kind: 'stored-leases', leases: [], nowMs: before.nowMs + 3000 });
    const gates = (kernel: KernelState) => viewOf(kernel, before.nowMs + 3000).services[0]?.gates;
    assert.equal(gates(before)?.fit.status, 'PASS');
    assert.equal(gates(after)?.fit.status, 'PASS');
    assert.equal(gates(after)?.fit.reason, 'restored');
    assert.equal(gates(after)?.fit.evidence.restoredAgeSec, 3);
    const rest = story.inputs.slice(at(story, 103));
    const next = rest.slice(0, rest.findIndex(({ kind }) => kind === 'tick') + 1);
    for (const input of next) step(after, structuredClone(input));
    assert.equal(gates(after)?.fit.status, 'PASS');
    assert.equal(gates(after)?.fit.evidence.restoredAgeSec, undefined);
  });

  it('starts new fields as in a new kernel', () => {
    const checkpoint = throughJson(checkpointOf(play(story.inputs.slice(0, 30)))) as { state: Record<string, unknown> };
    delete checkpoint.state.turns;
    assert.equal(restored(checkpoint).turns, 0);
  });

  for (const [what, spoilt] of Object.entries<unknown>({
    'another version': { ...checkpointOf(createKernel()), version: CHECKPOINT_VERSION + 1 },
    'no object': 'kernel',
    'no state': { version: CHECKPOINT_VERSION },
    'a field of another kind': { version: CHECKPOINT_VERSION, state: { services: 5 } },
    'an unknown class': { version: CHECKPOINT_VERSION, state: { nodes: { $class: 'Process', of: {} } } },
    'a map without a list': { version: CHECKPOINT_VERSION, state: { services: { $map: 3 } } },
    'a service without a name': { version: CHECKPOINT_VERSION, state: { services: { $map: [[3, {}]] } } },
    'a service that is none': { version: CHECKPOINT_VERSION, state: { services: { $map: [['payment', 3]] } } },
  })) {
    it(`refuses ${what}`, () => assert.equal(restoreKernel(spoilt).ok, false));
  }
});
