import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildProgram, jsonField } from '../../../demo/child-program.ts';
import { programPath } from '../../../demo/program-path.ts';
import type { DemoSummary } from '../../../demo/run-record.ts';
import { runCli } from '../../support/run-cli.ts';

const SECONDS = 120;

describe('the demo', () => {
  let folder: string;
  let summary: DemoSummary;

  before(async function () {
    this.timeout(2 * SECONDS * 1000);
    folder = mkdtempSync(join(tmpdir(), 'capmesh-demo-test-'));
    const demo = new ChildProgram({
      command: process.execPath,
      args: [programPath('demo/main')],
      env: { DEMO_SECONDS: `${SECONDS}`, DEMO_RECORD: folder },
    });
    summary = await demo.first(jsonField<DemoSummary>('demo'));
    assert.equal(await demo.exited, 0);
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  it('sums up calls that were answered, and refusals with their reasons', () => {
    assert.ok(summary.ok > 0.5 * summary.requests, JSON.stringify(summary));
    const refused = Object.values(summary.refused).reduce((sum, count) => sum + count, 0);
    assert.equal(summary.ok + refused + summary.errors, summary.requests);
    // Payment is dead for three seconds; nothing else may fail without a reason.
    assert.ok(summary.errors < 0.03 * summary.requests, JSON.stringify(summary.errorsByCause));
  });

  for (const [gate, action] of [
    ['isolation', 'throttle'],
    ['gluing', 'hold-rollout'],
    ['uv', 'shed-retries'],
    ['fit', 'limit-concurrency'],
  ] as const) {
    it(`sees ${gate} fail in its chapter and pass after it, with ${action} in between`, () => {
      const chapter = summary.chapters.find((each) => each.gate === gate);
      const told = JSON.stringify(chapter);
      assert.ok(chapter && chapter.failedAfterSec !== null && chapter.passedAfterSec !== null, told);
      assert.ok(chapter.actions.includes(action), told);
    });
  }

  it('recorded itself: the same inputs give the same events, and one event altered is found', async () => {
    const [frames, events] = ['frames.jsonl', 'events.jsonl'].map((name) => join(folder, name)) as [string, string];
    const same = await runCli(folder, 'replay', '--from', frames, '--expect', events);
    assert.equal(same.code, 0, same.out);
    writeFileSync(events, readFileSync(events, 'utf8').replace('"FAIL"', '"PASS"'));
    assert.equal((await runCli(folder, 'replay', '--from', frames, '--expect', events)).code, 1);
  });
});
