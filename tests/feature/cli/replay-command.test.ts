import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointOf } from '../../../core/kernel/checkpoint.ts';
import type { CapacityEventRecord } from '../../../core/kernel/kernel-io.ts';
import { inputLine } from '../../../core/kernel/kernel-recording.ts';
import { createKernel } from '../../../core/kernel/kernel-state.ts';
import { type CliFixture, startCliFixture } from '../../support/cli-fixture.ts';
import { recordStory } from '../../support/recorded-story.ts';

describe('capmesh replay', () => {
  let cli: CliFixture;
  let events: CapacityEventRecord[];

  const jsonLines = (values: readonly unknown[]): string =>
    values.map((value) => `${JSON.stringify(value)}\n`).join('');
  const write = (name: string, text: string): void => writeFileSync(join(cli.folder, name), text);

  before(async () => {
    cli = await startCliFixture();
    const story = recordStory(5, [
      [95, 200],
      [102, 1600],
    ]);
    const start = inputLine({ kind: 'start', checkpoint: checkpointOf(createKernel()) });
    events = story.effects.flat().flatMap((effect) => (effect.kind === 'emit-event' ? [effect.event] : []));
    write('frames.jsonl', [start, ...story.inputs.map(inputLine), ''].join('\n'));
    write('events.jsonl', jsonLines(events));
  });
  after(() => cli.stop());

  it('exits with 0 when every event comes again, without a mesh', async () => {
    const { code, out, err } = await cli.run('replay', '--from', 'frames.jsonl', '--expect', 'events.jsonl');
    assert.equal(code, 0, err);
    assert.match(out, /^102 ticks, \d+ events: every event as expected$/m);
    assert.deepEqual(cli.requests, []);
  });

  it('exits with 1 and shows the first difference when an event was altered', async () => {
    const acted = events.findIndex(({ action }) => action !== null);
    const altered = events.map((event, i) =>
      i === acted && event.action !== null ? { ...event, action: { ...event.action, size: 9999 } } : event,
    );
    write('altered.jsonl', jsonLines(altered));
    const told = await cli.run('replay', '--from', 'frames.jsonl', '--expect', 'altered.jsonl');
    assert.equal(told.code, 1);
    assert.match(told.out, new RegExp(`event ${acted + 1} is the first that differs`));
    assert.match(told.out, /^- expected {2}.*action\.size=9999$/m);
    const json = await cli.run('replay', '--json', '--from', 'frames.jsonl', '--expect', 'altered.jsonl');
    assert.equal(json.code, 1);
    const { equal, difference } = JSON.parse(json.out);
    assert.equal(equal, false);
    assert.deepEqual(difference.fields, ['action.size']);
  });

  it('exits with 1 when an event is missing', async () => {
    write('fewer.jsonl', jsonLines(events.slice(0, -1)));
    const { code, out } = await cli.run('replay', '--from', 'frames.jsonl', '--expect', 'fewer.jsonl');
    assert.equal(code, 1);
    assert.match(out, /^- expected {2}no event$/m);
  });

  it('says which line of which file cannot be read', async () => {
    write('torn.jsonl', '{"kind":"start"');
    const torn = await cli.run('replay', '--from', 'torn.jsonl');
    assert.equal(torn.code, 2);
    assert.match(torn.err, /torn\.jsonl line 1/);
    assert.equal((await cli.run('replay', '--from', 'nowhere.jsonl')).code, 2);
  });
});
