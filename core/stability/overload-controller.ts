import { kneeLimit, loadOf, sampleOf } from './overload-limit.ts';
import { releaseOverload, stepOpen } from './overload-open.ts';
import type { OverloadState, OverloadTick } from './overload-state.ts';
import { stepTrim } from './overload-trim.ts';

/**
 * Overload control of one service: a pure function of what it did in one tick
 * that moves `limit`, the calls in flight that it may hold (CONTROL). No limit
 * is set by hand: base latency and capacity are learned.
 *
 * A tick without length or with a number that makes no sense is a missing tick:
 * the state stays.
 */
export function stepOverload(state: OverloadState, tick: OverloadTick): OverloadState {
  if (!isUsable(tick)) return state;
  const sample = sampleOf(tick, state.limit);
  return state.mode === 'open' ? stepOpen(state, sample) : stepTrim(state, sample);
}

/**
 * The same where nothing enforces the limit below its guard: it is what would be
 * held. Nobody feels a limit that is lowered to verify it or kept low on
 * probation, and what happens then would teach a base latency that is none; so
 * neither is done.
 */
export function watchOverload(state: OverloadState, tick: OverloadTick): OverloadState {
  const next = stepOverload(state, tick);
  if (next === state) return state;
  if (next.mode === 'open') return state.mode === 'trim' ? releaseOverload(next) : next;
  const watched: OverloadState = { ...next, verifyStep: 0, sinceVerifySec: 0, settleTicks: 0 };
  return { ...watched, limit: kneeLimit(watched, loadOf(watched.capacityRps, sampleOf(tick, state.limit))) };
}

function isUsable(tick: OverloadTick): boolean {
  return (
    tick.durationSec > 0 &&
    isAmount(tick.durationSec) &&
    isAmount(tick.offered) &&
    isAmount(tick.refused) &&
    isAmount(tick.answers) &&
    isAmount(tick.latencySumSec) &&
    isAmount(tick.timeouts) &&
    isAmount(tick.inFlight) &&
    isAmount(tick.p10Sec)
  );
}

const isAmount = (value: number): boolean => value >= 0 && value < Number.POSITIVE_INFINITY;

export { releaseOverload } from './overload-open.ts';
export { INITIAL_OVERLOAD_STATE, type OverloadState, type OverloadTick } from './overload-state.ts';
