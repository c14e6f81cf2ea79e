import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  INITIAL_OVERLOAD_STATE,
  type OverloadState,
  type OverloadTick,
  stepOverload,
  watchOverload,
} from '../../../../core/stability/overload-controller.ts';
import { LAW } from '../../../../core/stability/overload-law.ts';
import { kneeLimit, queueRoom } from '../../../../core/stability/overload-limit.ts';

/** 200 calls per second answered in 20 ms each: 4 in flight. */
const calm: OverloadTick = {
  durationSec: 1,
  offered: 200,
  refused: 0,
  answers: 200,
  latencySumSec: 4,
  timeouts: 0,
  inFlight: 4,
  p10Sec: 0.018,
};

/** Eight times as many calls, nearly all of which time out in a long queue. */
const jam: OverloadTick = { ...calm, offered: 1600, answers: 100, latencySumSec: 80, timeouts: 900, inFlight: 1000 };

const fed = (state: OverloadState, ticks: number, tick: OverloadTick): OverloadState =>
  Array.from({ length: ticks }).reduce<OverloadState>((one) => stepOverload(one, tick), state);

describe('overload controller (CONTROL)', () => {
  it('learns the base latency while it is open and keeps a limit far above need', () => {
    const state = fed(INITIAL_OVERLOAD_STATE, 60, calm);
    assert.equal(state.mode, 'open');
    assert.ok(Math.abs(state.baselineSec - 0.02) < 1e-9);
    assert.ok(Math.abs(state.limit - (LAW.guardAdd + LAW.guardMul * 200 * 0.02)) < 1e-9);
  });

  it('trims in one tick when a long queue times out, and opens when the evidence has drained', () => {
    const trimmed = stepOverload(fed(INITIAL_OVERLOAD_STATE, 90, calm), jam);
    assert.equal(trimmed.mode, 'trim');
    assert.ok(trimmed.limit < 20, `${trimmed.limit}`);
    const ticks = Array.from({ length: 20 }, (_, count) => fed(trimmed, count, calm).mode).indexOf('open');
    assert.ok(ticks > 1 && ticks < 10, `${ticks}`);
  });

  describe('when it turns away more calls than it lets in', () => {
    const open = fed(INITIAL_OVERLOAD_STATE, 90, calm);
    /** The onset of a surge, half a tick old: the guard of 80 is full. */
    const onset: OverloadTick = { ...calm, offered: 1300, refused: 700, answers: 520, latencySumSec: 20, inFlight: 80 };

    it('trims in one tick if its room is full at the end', () => {
      assert.equal(stepOverload(open, onset).mode, 'trim');
    });

    it('waits for more evidence while fewer are turned away than let in', () => {
      assert.equal(stepOverload(open, { ...onset, refused: 600 }).mode, 'open');
    });

    it('stays open if they have left by its end: a burst, not an overload', () => {
      assert.equal(stepOverload(open, { ...onset, inFlight: 40 }).mode, 'open');
    });

    it('stays open while the service is not known', () => {
      const cold = fed(INITIAL_OVERLOAD_STATE, 1, { ...calm, answers: 100, latencySumSec: 2 });
      assert.equal(stepOverload(cold, { ...onset, inFlight: 1024 }).mode, 'open');
    });
  });

  it('leaves room for a queue of 1.5 to 2.8 roots of what the service holds unqueued', () => {
    assert.equal(queueRoom(16, 1), 2.8 * 4);
    assert.equal(queueRoom(16, 1e9), 1.5 * 4);
    assert.equal(queueRoom(400, 1), 200);
    assert.equal(kneeLimit({ capacityRps: 0, baselineSec: 0 }, 1), LAW.floor);
  });

  it('opens when nothing comes any more, and halves the limit when only time-outs do', () => {
    const trimmed = { ...stepOverload(fed(INITIAL_OVERLOAD_STATE, 90, calm), jam), settleTicks: 0 };
    const nothing: OverloadTick = { ...calm, offered: 0, answers: 0, latencySumSec: 0, inFlight: 0, p10Sec: 0 };
    const refusing = stepOverload(trimmed, { ...nothing, refused: 5 });
    assert.deepEqual([refusing.mode, refusing.limit, refusing.evidence], ['trim', trimmed.limit, trimmed.evidence]);
    const silent = Array.from({ length: 20 }, (_, count) => fed(trimmed, count, nothing).mode);
    assert.ok(silent.indexOf('open') > 1, `${silent}`);
    const hung = stepOverload({ ...trimmed, limit: 16 }, { ...nothing, timeouts: 3 });
    assert.deepEqual([hung.mode, hung.limit], ['trim', 8]);
    assert.equal(fed(trimmed, 20, { ...nothing, timeouts: 3 }).limit, LAW.floor);
  });

  it('watches without holding: no verification, nothing to settle, and no step on a missing tick', () => {
    const before = fed(INITIAL_OVERLOAD_STATE, 90, calm);
    const watched = watchOverload(before, jam);
    assert.deepEqual([watched.mode, watched.verifyStep, watched.settleTicks], ['trim', 0, 0]);
    assert.equal(watchOverload(watched, { ...jam, durationSec: 0 }), watched);
    const states = [watched];
    for (let tick = 0; tick < 30; tick++) states.push(watchOverload(states.at(-1) ?? watched, calm));
    const opened = states.find(({ mode }) => mode === 'open');
    assert.equal(opened?.probationLimit, 0, 'a limit that nobody felt is on no probation');
  });

  it('takes no step on a tick that is missing or makes no sense', () => {
    const state = fed(INITIAL_OVERLOAD_STATE, 10, calm);
    assert.equal(stepOverload(state, { ...calm, durationSec: 0 }), state);
    assert.equal(stepOverload(state, { ...calm, latencySumSec: Number.NaN }), state);
    assert.equal(stepOverload(state, { ...calm, answers: -1 }), state);
  });

  it('stays finite and above its floor whatever it is fed', () => {
    const count = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 100_000 }));
    const tick = fc.record({
      durationSec: fc.constantFrom(0.25, 1, 1.13, 5),
      offered: count,
      refused: count,
      answers: count,
      latencySumSec: fc.double({ min: 0, max: 1e5, noNaN: true }),
      timeouts: count,
      inFlight: count,
      p10Sec: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(tick, { maxLength: 60 }), (ticks) => {
        let state = INITIAL_OVERLOAD_STATE;
        for (const one of ticks) {
          state = stepOverload(state, one);
          assert.ok(state.limit >= LAW.floor && Number.isFinite(state.limit), `limit ${state.limit}`);
          const { mode: _mode, capacityFell: _fell, justVerified: _verified, ...numbers } = state;
          assert.ok(Object.values(numbers).every(Number.isFinite), JSON.stringify(state));
        }
      }),
      { numRuns: 300 },
    );
  });
});
