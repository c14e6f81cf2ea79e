import assert from 'node:assert/strict';
import { checkpointOf } from '../../../../core/kernel/checkpoint.ts';
import { firstDifference } from '../../../../core/kernel/compare-events.ts';
import type { CapacityEventRecord, KernelEvent } from '../../../../core/kernel/kernel-io.ts';
import { inputLine, KernelReplay, RecordingError, readInput } from '../../../../core/kernel/kernel-recording.ts';
import { createKernel } from '../../../../core/kernel/kernel-state.ts';
import { step } from '../../../../core/kernel/step.ts';
import { type RecordedStory, recordStory } from '../../../support/recorded-story.ts';

const eventsOf = (story: RecordedStory): CapacityEventRecord[] =>
  story.effects.flat().flatMap((effect) => (effect.kind === 'emit-event' ? [effect.event] : []));

function replayed(lines: readonly string[]): CapacityEventRecord[] {
  const replay = new KernelReplay();
  return lines.flatMap((line) => replay.take(readInput(line)));
}

describe('replay of a recording', () => {
  let story: RecordedStory;
  let start: string;

  before(() => {
    story = recordStory(11, [
      [95, 200],
      [105, 1600],
    ]);
    start = inputLine({ kind: 'start', checkpoint: checkpointOf(createKernel()) });
  });

  it('emits the events that were emitted', () => {
    const events = replayed([start, ...story.inputs.map(inputLine)]);
    assert.ok(events.some(({ action }) => action?.kind === 'limit-concurrency'));
    assert.deepEqual(events, eventsOf(story));
    assert.equal(firstDifference(eventsOf(story), events), null);
  });

  it('may start anywhere, from a checkpoint', () => {
    const cut = 200;
    const kernel = createKernel();
    for (const input of story.inputs.slice(0, cut)) step(kernel, structuredClone(input));
    const later = inputLine({ kind: 'start', checkpoint: checkpointOf(kernel) });
    const events = replayed([later, ...story.inputs.slice(cut).map(inputLine)]);
    const expected = story.effects.slice(cut).flat();
    assert.deepEqual(
      events,
      expected.flatMap((effect) => (effect.kind === 'emit-event' ? [effect.event] : [])),
    );
  });

  it('repeats what operators ordered, and differs without their orders', () => {
    const ordered = recordStory(
      11,
      [
        [95, 200],
        [105, 1600],
      ],
      (sec, kernel) => {
        const running = [...kernel.services.values()].flatMap(({ action }) => action?.record.id ?? []);
        if (sec === 99) return running.map((id) => ({ kind: 'cancel-action', id }));
        return sec === 103 ? [{ kind: 'action-control', control: { safeMode: true, pausedUntilMs: 0 } }] : [];
      },
    );
    const ends = eventsOf(ordered).flatMap(({ action }) => action?.endCause || []);
    assert.deepEqual([...new Set(ends)].sort(), ['cancelled', 'safe-mode']);
    assert.deepEqual(replayed([start, ...ordered.inputs.map(inputLine)]), eventsOf(ordered));
    const unordered = ordered.inputs.filter(({ kind }) => kind !== 'cancel-action' && kind !== 'action-control');
    assert.notEqual(firstDifference(eventsOf(ordered), replayed([start, ...unordered.map(inputLine)])), null);
  });

  it('finds what an altered frame changes', () => {
    const altered = story.inputs.map((input): KernelEvent => {
      if (input.kind !== 'frame' || input.nowMs < 95_000) return input;
      return { ...input, frame: { ...input.frame, edges: [] } };
    });
    assert.notEqual(firstDifference(eventsOf(story), replayed([start, ...altered.map(inputLine)])), null);
  });

  for (const [what, line] of Object.entries({
    'a torn line': '{"kind":"tick","nowMs":1',
    'another kind of line': '{"kind":"party"}',
    'no object': '3',
    'a spoilt map': '{"kind":"grants","live":{"$map":7}}',
  })) {
    it(`refuses ${what}`, () => assert.throws(() => readInput(line), RecordingError));
  }

  it('refuses inputs without a start, and a start that cannot be read', () => {
    assert.throws(() => replayed(['{"kind":"tick","nowMs":1,"wallMs":1}']), RecordingError);
    assert.throws(() => replayed(['{"kind":"start","checkpoint":{"version":0}}']), RecordingError);
  });
});

describe('firstDifference', () => {
  const events = eventsOf(
    recordStory(3, [
      [95, 200],
      [100, 1600],
    ]),
  );
  const acted = events.findIndex(({ action }) => action !== null);
  const withAltered = (change: (event: CapacityEventRecord) => object): CapacityEventRecord[] =>
    events.map((event, i) => (i === acted ? { ...event, ...change(event) } : event));

  it('finds nothing in what went through JSON', () => {
    const infinite = withAltered(({ gates }) => ({
      gates: { ...gates, uv: { ...gates.uv, ratio: Number.POSITIVE_INFINITY } },
    }));
    assert.equal(firstDifference(JSON.parse(JSON.stringify(infinite)), infinite), null);
  });

  const alterations: [string, (event: CapacityEventRecord) => object][] = [
    ['action.size', ({ action }) => ({ action: { ...action, size: 1 } })],
    ['action.id', ({ action }) => ({ action: { ...action, id: 'other' } })],
    ['gates.fit.ratio', ({ gates }) => ({ gates: { ...gates, fit: { ...gates.fit, ratio: 0.5 } } })],
    ['consumed.int', ({ consumed }) => ({ consumed: { ...consumed, int: 0.123 } })],
    ['message', () => ({ message: '' })],
    ['wallMs', ({ wallMs }) => ({ wallMs: wallMs + 1 })],
  ];
  for (const [field, change] of alterations) {
    it(`names the place and the field: ${field}`, () => {
      const found = firstDifference(events, withAltered(change));
      assert.equal(found?.position, acted + 1);
      assert.deepEqual(found?.fields, [field]);
    });
  }

  it('tells a missing event from one too many', () => {
    assert.equal(firstDifference(events, events.slice(0, -1))?.actual, null);
    assert.equal(firstDifference(events.slice(0, -1), events)?.expected, null);
  });
});
