import assert from 'node:assert/strict';
import { resumeKernel } from '../../../../control-plane/loop/resume-kernel.ts';
import { checkpointOf } from '../../../../core/kernel/checkpoint.ts';
import type { ActionControl } from '../../../../core/kernel/kernel-io.ts';
import { createKernel } from '../../../../core/kernel/kernel-state.ts';
import { step } from '../../../../core/kernel/step.ts';
import { viewOf } from '../../../../core/kernel/view-of.ts';
import { quietLogger } from '../../../support/quiet-logger.ts';
import { recordStory, STORY_MESH } from '../../../support/recorded-story.ts';

const WALL_MS = 1_800_000_000_000;
const END_SEC = 110;
const ALLOWED: ActionControl = { safeMode: false, pausedUntilMs: 0 };
const SAFE: ActionControl = { safeMode: true, pausedUntilMs: 0 };

describe('resumeKernel and what operators allow', () => {
  const { inputs } = recordStory(11, [
    [95, 200],
    [END_SEC, 1600],
  ]);
  const frames = inputs.flatMap((input) =>
    input.kind === 'frame' ? [{ wallMs: WALL_MS + input.nowMs, frame: input.frame }] : [],
  );

  async function resumed(control: ActionControl, checkpointSec: number | null) {
    const kernel = createKernel();
    for (const input of inputs) {
      if ('nowMs' in input && input.nowMs > 1000 * (checkpointSec ?? 0)) break;
      step(kernel, structuredClone(input));
    }
    const nowMs = 1000 * (checkpointSec ?? 0);
    const { state, nowMs: endMs } = await resumeKernel({
      epoch: 1,
      stored: checkpointSec === null ? null : { wallMs: WALL_MS + nowMs, nowMs, checkpoint: checkpointOf(kernel) },
      config: STORY_MESH,
      live: new Map(),
      control,
      frames: async function* (sinceMs) {
        yield* frames.filter(({ wallMs }) => wallMs >= sinceMs);
      },
      wallMs: () => WALL_MS + 1000 * END_SEC,
      logger: quietLogger,
    });
    return { state, running: viewOf(state, endMs).actions };
  }

  it('begins no action from stored frames that would only be ended again', async () => {
    assert.ok((await resumed(ALLOWED, null)).running.length > 0);
    const { state, running } = await resumed(SAFE, null);
    assert.deepEqual([running, state.control], [[], SAFE]);
  });

  it('leaves an action of its checkpoint to be ended by the first tick, which tells it', async () => {
    const { state, running } = await resumed(SAFE, 105);
    assert.ok(running.some(({ kind }) => kind === 'limit-concurrency'));
    step(state, { kind: 'action-control', control: SAFE });
    const { effects } = step(state, { kind: 'tick', nowMs: state.nowMs + 1000, wallMs: WALL_MS + 1000 * END_SEC });
    const ends = effects.flatMap((effect) =>
      effect.kind === 'emit-event' ? (effect.event.action?.endCause ?? []) : [],
    );
    assert.ok(ends.includes('safe-mode'));
    assert.deepEqual(viewOf(state, state.nowMs).actions, []);
  });
});
