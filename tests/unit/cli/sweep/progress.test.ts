import assert from 'node:assert/strict';
import { Progress } from '../../../../cli/sweep/progress.ts';

/** A sweep of `total` points at one point a second, of which an earlier run had finished `before`. */
function watch(total: number, before: number, terminal: boolean) {
  const lines: string[] = [];
  const drawn: string[] = [];
  let nowMs = 5_000;
  const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs };
  const progress = new Progress(
    { clock, err: (line) => lines.push(line), ...(terminal && { redraw: (line: string) => drawn.push(line) }) },
    total,
    before,
  );
  const finish = (count: number, everyMs = 1_000): void => {
    for (let i = 0; i < count; i++) {
      nowMs += everyMs;
      progress.pointDone();
    }
  };
  return { lines, drawn, progress, finish };
}

describe('the progress of a sweep', () => {
  it('is a bar with the time left in a terminal, which is taken away at the end', () => {
    const { lines, drawn, progress, finish } = watch(60, 0, true);
    finish(15);
    assert.equal(drawn.at(-1), `[${'='.repeat(8)}${' '.repeat(22)}] 15 of 60 points, 45 s left`);
    finish(45);
    assert.equal(drawn.at(-1), `[${'='.repeat(30)}] 60 of 60 points, done`);
    progress.end();
    assert.equal(drawn.at(-1), '');
    assert.deepEqual(lines, []);
  });

  it('does not draw more often than can be seen', () => {
    const { drawn, finish } = watch(1_000, 0, true);
    finish(1_000, 1);
    assert.ok(drawn.length <= 11, `${drawn.length} times`);
    assert.match(drawn.at(-1) ?? '', /1000 of 1000 points, done/);
  });

  it('is now and then a line elsewhere, and reckons with the points of this run alone', () => {
    const { lines, progress, finish } = watch(100, 50, false);
    finish(50);
    progress.end();
    assert.deepEqual(lines, [
      '60 of 100 points, 40 s left',
      '70 of 100 points, 30 s left',
      '80 of 100 points, 20 s left',
      '90 of 100 points, 10 s left',
      '100 of 100 points, done',
    ]);
  });
});
