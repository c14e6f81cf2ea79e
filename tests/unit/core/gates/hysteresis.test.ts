import assert from 'node:assert/strict';
import type { GateVerdict } from '../../../../core/gates/gate-state.ts';
import { NEW_GATE, settleGate } from '../../../../core/gates/hysteresis.ts';
import { judge, notApplicable, unknown } from '../../../../core/gates/verdict.ts';

/** Status after each of a row of verdicts, one a second. */
function statuses(seen: readonly GateVerdict[]): string[] {
  let memory = NEW_GATE;
  return seen.map((verdict, sec) => {
    const settled = settleGate(memory, verdict, 1000 * sec);
    memory = settled.memory;
    return settled.verdict.status;
  });
}

const ratios = (...values: readonly number[]): GateVerdict[] => values.map((value) => judge(value));

describe('hysteresis of a gate (MATHS §B6)', () => {
  it('fails in one tick from a ratio of 2', () => {
    assert.deepEqual(statuses(ratios(0.5, 2)), ['PASS', 'FAIL']);
  });

  it('fails below that only in two of three ticks', () => {
    assert.deepEqual(statuses(ratios(0.5, 1.9, 0.5, 1.9)), ['PASS', 'PASS', 'PASS', 'FAIL']);
    assert.deepEqual(statuses(ratios(0.5, 1.9, 0.5, 0.5, 1.9)).at(-1), 'PASS');
  });

  it('recovers after five ticks at 0.8 and below, counted anew after each larger one', () => {
    const tail = statuses(ratios(3, 0.8, 0.8, 0.8, 0.8, 0.81, 0.8, 0.8, 0.8, 0.8, 0.8));
    assert.deepEqual(tail.slice(-2), ['FAIL', 'PASS']);
    assert.equal(tail.indexOf('PASS'), 10);
  });

  it('holds the last state for 30 s while nothing is known', () => {
    const blind = Array.from({ length: 31 }, () => unknown('stale'));
    for (const held of ['PASS', 'FAIL']) {
      const row = statuses([...ratios(held === 'PASS' ? 0.5 : 3), ...blind]);
      assert.deepEqual([row.at(-2), row.at(-1)], [held, 'UNKNOWN']);
    }
  });

  it('says for how long a state is held', () => {
    const { memory } = settleGate(NEW_GATE, judge(0.5), 1000);
    const first = settleGate(memory, unknown('stale'), 2000);
    const later = settleGate(first.memory, unknown('stale', { seen: 3 }), 9000);
    assert.deepEqual(later.verdict.evidence, { seen: 3, heldForSec: 7 });
    assert.deepEqual(settleGate(later.memory, judge(0.5), 10_000).verdict.evidence, {});
    assert.deepEqual(settleGate(later.memory, unknown('stale'), 40_000).verdict.evidence, {});
  });

  it('ends a failure without a model, into UNKNOWN, once the part that needs none is well for five ticks', () => {
    const warmup = (ratio: number): GateVerdict => ({ ...unknown('warmup'), ratio });
    const row = statuses([judge(3), warmup(0.9), ...Array.from({ length: 5 }, () => warmup(0.5))]);
    assert.deepEqual(row.slice(-2), ['FAIL', 'UNKNOWN']);
    const other = statuses([judge(3), ...Array.from({ length: 5 }, () => ({ ...unknown('stale'), ratio: 0.5 }))]);
    assert.equal(other.at(-1), 'FAIL');
  });

  it('is UNKNOWN from the start and not applicable at once', () => {
    assert.deepEqual(statuses([unknown('warmup')]), ['UNKNOWN']);
    assert.deepEqual(statuses([notApplicable('one_tenant')]), ['NOT_APPLICABLE']);
  });

  it('does not call an unconfirmed failure anything but what held before', () => {
    assert.deepEqual(statuses([unknown('warmup'), judge(1.5), judge(1.5)]), ['UNKNOWN', 'UNKNOWN', 'FAIL']);
  });
});
