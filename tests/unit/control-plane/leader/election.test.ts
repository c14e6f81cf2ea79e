import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type Attempt, Election, type StoredLeader } from '../../../../control-plane/leader/election.ts';

/** The key under compare-and-set. */
class Key {
  stored: StoredLeader = { record: null, revision: 0 };

  /** Answers the new revision, or `null` where somebody was faster. */
  put({ record, revision }: Attempt): number | null {
    if (revision !== this.stored.revision) return null;
    this.stored = { record, revision: revision + 1 };
    return this.stored.revision;
  }
}

/** One look, and the attempt that follows it, as the shell does it. */
function turn(election: Election, key: Key, nowMs: number): void {
  if (election.epoch === null) election.saw(key.stored, nowMs);
  const attempt = election.attempt(nowMs);
  if (attempt === null) return;
  const revision = key.put(attempt);
  if (revision === null) election.saw(key.stored, nowMs);
  else election.stored(attempt, revision, nowMs);
}

const replica = (name: string, process = `${name}-1`): Election => new Election({ replica: name, process });

describe('Election (CONTRACT §H)', () => {
  it('lets the first one lead and the others follow for as long as it renews', () => {
    const key = new Key();
    const [a, b] = [replica('a'), replica('b')];
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 500) {
      turn(a, key, nowMs);
      turn(b, key, nowMs + 100);
      deepEqual([a.epoch, b.epoch, a.mayWrite(nowMs), b.mayWrite(nowMs)], [1, null, true, false]);
    }
    equal(b.leader?.replica, 'a');
  });

  it('a leader that cannot renew stops after 1.5 s, a second before another follows it with the next epoch', () => {
    const key = new Key();
    const [a, b] = [replica('a'), replica('b')];
    turn(a, key, 0);
    turn(b, key, 0);
    let tookOverMs = 0;
    for (let nowMs = 0; nowMs <= 4000 && b.epoch === null; nowMs += 100) {
      equal(a.mayWrite(nowMs), nowMs < 1500, `${nowMs} ms`);
      turn(b, key, nowMs);
      tookOverMs = nowMs;
    }
    deepEqual([tookOverMs, b.epoch], [2500, 2]);
  });

  it('counts a renewal from when it was sent, not from its answer', () => {
    const key = new Key();
    const a = replica('a');
    a.saw(key.stored, 0);
    const attempt = a.attempt(0);
    ok(attempt);
    a.stored(attempt, 1, 1400);
    equal(a.mayWrite(1499), true);
    equal(a.mayWrite(1500), false);
  });

  it('a leader that slept through its time finds the other one, and follows', () => {
    const key = new Key();
    const [a, b] = [replica('a'), replica('b')];
    turn(a, key, 0);
    turn(b, key, 0);
    turn(b, key, 2500);
    equal(a.mayWrite(10_000), false, 'before it has looked');
    turn(a, key, 10_000);
    deepEqual([a.epoch, a.leader?.replica, b.epoch], [null, 'b', 2]);
  });

  it('only one of two that try at once leads', () => {
    const key = new Key();
    const [a, b] = [replica('a'), replica('b')];
    a.saw(key.stored, 0);
    b.saw(key.stored, 0);
    const tries = [a.attempt(0), b.attempt(0)].map((attempt) => attempt && key.put(attempt));
    deepEqual(tries, [1, null]);
  });

  it('goes on in its epoch when nobody took over while the store was away', () => {
    const key = new Key();
    const a = replica('a');
    turn(a, key, 0);
    equal(a.mayWrite(8000), false);
    turn(a, key, 8000);
    deepEqual([a.epoch, a.mayWrite(8000)], [1, true]);
  });

  it('knows its own renewal whose answer was lost, and counts it from the first attempt that it can be', () => {
    const key = new Key();
    const a = replica('a');
    turn(a, key, 0);
    const lost = a.attempt(500);
    ok(lost);
    key.put(lost);
    const late = a.attempt(1900);
    ok(late);
    equal(key.put(late), null);
    a.saw(key.stored, 1900);
    deepEqual([a.epoch, a.mayWrite(1999), a.mayWrite(2000)], [1, true, false]);
    turn(a, key, 2100);
    deepEqual([a.epoch, a.mayWrite(2100)], [1, true]);
  });

  it('follows a leader that resigns at once', () => {
    const key = new Key();
    const [a, b] = [replica('a'), replica('b')];
    turn(a, key, 0);
    turn(b, key, 0);
    const resignation = a.resignation(100);
    ok(resignation);
    deepEqual([a.mayWrite(100), key.put(resignation)], [false, 2]);
    turn(b, key, 200);
    equal(b.epoch, 2);
  });

  it('takes its own leadership back when it was started again, once', () => {
    const key = new Key();
    const before = replica('a');
    turn(before, key, 0);
    const again = replica('a', 'a-2');
    turn(again, key, 100);
    equal(again.epoch, 2);
    turn(before, key, 500);
    equal(before.epoch, null, 'the process before is no leader any more');
    turn(before, key, 1000);
    equal(before.epoch, null, 'and does not take it back from the one that runs');
  });

  it('never goes back to an epoch that was there, even when the record is gone', () => {
    const key = new Key();
    const a = replica('a');
    for (let nowMs = 0; nowMs < 5000; nowMs += 500) turn(a, key, nowMs);
    key.stored = { record: null, revision: key.stored.revision + 1 };
    const b = replica('b');
    turn(b, key, 5000);
    ok((b.epoch ?? 0) > 1, `epoch ${b.epoch}`);
  });
});
