import assert from 'node:assert/strict';
import { WorkQueue } from '../../../demo/services/work-queue.ts';

/** A clock whose timers run when it is moved, in order of their time. */
function fakeTime() {
  let nowMs = 0;
  const timers: { atMs: number; then: () => void }[] = [];
  return {
    clock: { monotonicMs: () => nowMs },
    delay: (afterMs: number, then: () => void) => void timers.push({ atMs: nowMs + afterMs, then }),
    runUntil: (endMs: number, lateMs = 0) => {
      for (;;) {
        timers.sort((a, b) => a.atMs - b.atMs);
        const next = timers[0];
        if (!next || next.atMs + lateMs > endMs) break;
        timers.shift();
        nowMs = Math.max(nowMs, next.atMs + lateMs);
        next.then();
      }
      nowMs = endMs;
    },
  };
}

describe('WorkQueue', () => {
  const options = { workers: 2, serviceMs: 20, thrash: 0, draw: () => 1 };

  it('serves as many calls at a time as it has workers, first come first served', () => {
    const time = fakeTime();
    const queue = new WorkQueue({ ...options, ...time });
    const done: string[] = [];
    for (const name of ['a', 'b', 'c', 'd']) queue.enter(() => done.push(`${name}@${time.clock.monotonicMs()}`));
    assert.equal(queue.present, 4);
    time.runUntil(100);
    assert.deepEqual(done, ['a@20', 'b@20', 'c@40', 'd@40']);
    assert.equal(queue.present, 0);
  });

  it('holds a worker for as long as a call is heavy', () => {
    const time = fakeTime();
    const queue = new WorkQueue({ ...options, ...time });
    const done: string[] = [];
    queue.enter(() => done.push(`heavy@${time.clock.monotonicMs()}`), 10);
    queue.enter(() => done.push(`light@${time.clock.monotonicMs()}`));
    time.runUntil(300);
    assert.deepEqual(done, ['light@20', 'heavy@200']);
  });

  it('takes longer per call the more calls were present at its arrival', () => {
    const time = fakeTime();
    const queue = new WorkQueue({ ...options, workers: 1, thrash: 0.5, ...time });
    const done: number[] = [];
    for (let i = 0; i < 3; i += 1) queue.enter(() => done.push(time.clock.monotonicMs()));
    time.runUntil(1000);
    assert.deepEqual(done, [30, 30 + 40, 30 + 40 + 50]);
  });

  it('does no work for a caller that left while waiting', () => {
    const time = fakeTime();
    const queue = new WorkQueue({ ...options, workers: 1, ...time });
    const done: string[] = [];
    queue.enter(() => done.push('a'));
    const leave = queue.enter(() => done.push('b'));
    queue.enter(() => done.push('c'));
    leave();
    leave();
    assert.equal(queue.present, 2);
    time.runUntil(40);
    assert.deepEqual(done, ['a', 'c']);
    assert.equal(queue.present, 0);
  });

  it('keeps a worker busy to the end for a caller that left while served', () => {
    const time = fakeTime();
    const queue = new WorkQueue({ ...options, workers: 1, ...time });
    const done: number[] = [];
    const leave = queue.enter(() => {});
    queue.enter(() => done.push(time.clock.monotonicMs()));
    leave();
    assert.equal(queue.present, 2);
    time.runUntil(100);
    assert.deepEqual(done, [40]);
  });

  it('keeps its capacity under a backlog although timers fire late', () => {
    const time = fakeTime();
    const queue = new WorkQueue({ ...options, ...time });
    let done = 0;
    for (let i = 0; i < 500; i += 1) queue.enter(() => (done += 1));
    time.runUntil(1005, 5);
    assert.ok(done >= 98 && done <= 100, `served ${done} in a second`);
  });
});
