import assert from 'node:assert/strict';
import { KernelLog } from '../../../../control-plane/loop/kernel-log.ts';
import type { KernelRecord } from '../../../../control-plane/state/kernel-log-store.ts';
import { RecordingExport, recordsSince } from '../../../../control-plane/telemetry/recording-export.ts';
import type { CapacityEventRecord } from '../../../../core/kernel/kernel-io.ts';
import { KernelReplay, readInput } from '../../../../core/kernel/kernel-recording.ts';
import { createKernel } from '../../../../core/kernel/kernel-state.ts';
import { step } from '../../../../core/kernel/step.ts';
import type { TelemetryFrame } from '../../../../core/substrate/telemetry-frame.ts';
import { quietLogger } from '../../../support/quiet-logger.ts';
import { type RecordedStory, recordStory } from '../../../support/recorded-story.ts';

async function logOf(story: RecordedStory): Promise<KernelRecord[]> {
  const records: KernelRecord[] = [];
  const publish = async (record: KernelRecord): Promise<boolean> => {
    records.push(JSON.parse(JSON.stringify(record)));
    return true;
  };
  const log = new KernelLog({ publish }, 'run-1', quietLogger);
  const kernel = createKernel();
  log.started(kernel);
  for (const input of story.inputs) log.stepped(input, step(kernel, structuredClone(input)).effects, kernel);
  await log.drained();
  return records;
}

function framesOf(story: RecordedStory): Map<string, TelemetryFrame> {
  const frames = story.inputs.flatMap((input) => (input.kind === 'frame' ? [input.frame] : []));
  return new Map(frames.map((frame) => [JSON.stringify([frame.node, frame.instance, frame.seq, frame.part]), frame]));
}

/** Replays what was exported and compares with the exported events; answers how many there were. */
function assertReplays(records: readonly KernelRecord[], exported: RecordingExport): number {
  const replay = new KernelReplay();
  const [replayed, expected]: [CapacityEventRecord[], CapacityEventRecord[]] = [[], []];
  for (const { file, line } of records.flatMap((record) => exported.take(record))) {
    if (file === 'events') expected.push(JSON.parse(line));
    else replayed.push(...replay.take(readInput(line)));
  }
  assert.deepEqual(replayed, expected);
  return expected.length;
}

describe('log of the kernel', () => {
  let story: RecordedStory;
  let records: KernelRecord[];

  before(async () => {
    story = recordStory(13, [
      [95, 200],
      [130, 1600],
    ]);
    records = await logOf(story);
  });

  it('joined with the stored frames repeats every decision', () => {
    const exported = new RecordingExport(framesOf(story));
    const events = story.effects.flat().filter(({ kind }) => kind === 'emit-event');
    assert.equal(assertReplays(records, exported), events.length);
    assert.equal(exported.leftOut, 0);
  });

  it('names frames instead of repeating them', () => {
    const [, first] = records;
    assert.ok(first?.kind === 'tick');
    assert.deepEqual(
      first.inputs.flatMap(({ frame }) => (frame === undefined ? [] : [frame])),
      [['node-1', 'first', 1, 0]],
    );
  });

  it('can be read from each of its checkpoints', () => {
    const stored = records.map((record, i) => ({ wallMs: 1000 * i, record }));
    assert.equal(recordsSince(stored, -1)[0], records[0]);
    const later = recordsSince(stored, 1000 * 80);
    assert.deepEqual([later[0]?.kind, later[0]?.tick], ['checkpoint', 60]);
    assert.ok(assertReplays(later, new RecordingExport(framesOf(story))) > 0);
    assert.deepEqual(recordsSince(stored.slice(1, 20), 0), []);
  });

  it('goes on from the next checkpoint where a record or a frame is missing', () => {
    const missing = records.filter(({ kind, tick }) => !(kind === 'tick' && tick === 30));
    const exported = new RecordingExport(framesOf(story));
    assert.ok(assertReplays(missing, exported) > 0);
    assert.equal(exported.leftOut, 30);
    const frames = framesOf(story);
    frames.delete('["node-1","first",10,0]');
    const holed = new RecordingExport(frames);
    assert.ok(assertReplays(records, holed) > 0);
    assert.equal(holed.leftOut, 51);
  });
});
