import { clamp } from '../clamp.ts';
import type { Writable } from '../writable.ts';
import { LAW } from './overload-law.ts';
import { cutTo, gain, kneeLimit, type OverloadSample, openGuard, roomUsed, verifyAt } from './overload-limit.ts';
import { INITIAL_OVERLOAD_STATE, type OverloadState } from './overload-state.ts';

/** A tick while nothing is refused: learn the service, weigh the evidence of overload. */
export function stepOpen(before: OverloadState, sample: OverloadSample): OverloadState {
  const known = before.answersSeen >= LAW.coldAnswers;
  const growing = sample.inFlight - before.lastInFlight > Math.max(10, 0.1 * sample.offered);
  const coldP10Sec = known ? before.coldP10Sec : smallerKnown(before.coldP10Sec, sample.p10Sec);
  const baselineSec = known ? before.baselineSec : smallerKnown(before.baselineSec, coldP10Sec);
  const evidence = openEvidence(before, sample, { known, growing, baselineSec });
  const state: Writable<OverloadState> = { ...before };
  state.calmSec = before.calmSec + sample.durationSec;
  state.coldP10Sec = coldP10Sec;
  state.evidence = evidence;
  state.lastInFlight = sample.inFlight;
  if (evidence >= LAW.enter) return startTrimming(state, baselineSec, sample);
  const teaches = sample.answers >= LAW.fewAnswers && !growing;
  if (teaches) learn(state, sample, known);
  relaxLimit(state, sample, known);
  return state;
}

/** Smaller of two values of which 0 means unknown. */
const smallerKnown = (a: number, b: number): number => (a > 0 && b > 0 ? Math.min(a, b) : a > 0 ? a : b);

interface Knowledge {
  readonly known: boolean;
  readonly growing: boolean;
  readonly baselineSec: number;
}

/**
 * z: grows by the share of the queue's room in use while calls queue at all; jumps
 * to 1 when a long queue times out, or fills its room and turns more calls away
 * than it lets in.
 */
function openEvidence(before: OverloadState, sample: OverloadSample, knowledge: Knowledge): number {
  const { inFlight, offered, refused, answers, timeouts } = sample;
  const emptyQueue = sample.rateRps * knowledge.baselineSec;
  const congestion =
    emptyQueue > 0 ? inFlight / emptyQueue : inFlight > 0 && answers === 0 ? Number.POSITIVE_INFINITY : 0;
  const timingOut = timeouts >= Math.max(LAW.timeoutMin, LAW.timeoutShare * (answers + timeouts));
  const isFull = knowledge.known && inFlight >= LAW.fullShare * before.limit;
  const turningAway = isFull && refused > LAW.turnedAwayShare * offered;
  if (congestion >= LAW.longQueueRatio && (timingOut || turningAway)) return 1;
  if (congestion < LAW.queueRatio) return 0;
  const used = openRoomUsed(before, sample, emptyQueue, knowledge);
  return clamp(before.evidence + used - LAW.fillReference, 0, 1);
}

function openRoomUsed(before: OverloadState, sample: OverloadSample, emptyQueue: number, knowledge: Knowledge): number {
  const { inFlight, meanInFlight, limitBinds } = sample;
  if (limitBinds) return roomUsed(emptyQueue, (meanInFlight + inFlight) / 2, before.limit);
  const coldSurge = !knowledge.known && knowledge.growing && inFlight >= LAW.guardAdd + LAW.guardMul * emptyQueue;
  return coldSurge ? 1 : 0;
}

/** Overload: hold the service. A base latency that has not been learned for long is verified at once. */
function startTrimming(state: OverloadState, baselineSec: number, sample: OverloadSample): OverloadState {
  const trusted = state.learnedSec >= LAW.trustSec;
  const relapse = state.calmSec < LAW.relapseSec;
  const cap = relapse ? Math.min(LAW.evidenceMax, 2 * state.evidenceCap) : 1;
  const capacityRps = Math.max(sample.rateRps, state.peakRps / 2);
  const held: OverloadState = {
    ...state,
    mode: 'trim',
    evidence: cap,
    evidenceCap: cap,
    baselineSec,
    capacityRps,
    verifiedRps: capacityRps,
    verifyStep: 0,
    sinceVerifySec: 0,
    verifyEverySec: trusted ? LAW.verifyStartSec : LAW.verifyMinSec,
    justVerified: false,
  };
  const limit = kneeLimit(held, 1);
  return trusted ? cutTo(held, limit, sample) : verifyAt(held, limit, sample);
}

/** Base latency falls fast and rises slowly; while cold the smallest mean stands for it. */
function learn(state: Writable<OverloadState>, sample: OverloadSample, known: boolean): void {
  const { meanSec, rateRps, durationSec } = sample;
  const { baselineSec, peakRps } = state;
  const timeConstantSec = meanSec < baselineSec ? LAW.baselineDownSec : LAW.baselineUpSec;
  const moved = baselineSec + sample.weight * (meanSec - baselineSec) * gain(durationSec, timeConstantSec);
  state.baselineSec = known ? moved : smallerKnown(baselineSec, meanSec);
  state.peakRps = rateRps > peakRps ? rateRps : peakRps * (1 - durationSec / LAW.peakForgetSec);
  state.answersSeen += sample.answers;
  state.learnedSec += durationSec;
}

/** Moves the open limit towards its guard: at most doubling each second, and on probation after a recovery. */
function relaxLimit(state: Writable<OverloadState>, sample: OverloadSample, known: boolean): void {
  const metGuard = sample.refused > 0 && state.evidence === 0 && state.limit >= 0.9 * openGuard(state, sample.rateRps);
  state.burstFactor = metGuard
    ? Math.min(LAW.burstFactorMax, LAW.burstFactorStep * state.burstFactor)
    : Math.max(1, state.burstFactor * (1 - sample.durationSec / LAW.forgetSec));
  const guard = openGuard(state, sample.rateRps);
  const target = known ? guard : Math.max(guard, LAW.coldLimit * state.burstFactor);
  const reachable =
    state.calmSec < LAW.relapseSec
      ? state.probationLimit
      : Math.max(state.limit * LAW.rampPerSec ** sample.durationSec, 2 * LAW.floor);
  state.limit = Math.min(target, reachable);
}

/**
 * Opens a controller that has lost sight of its service: no evidence is newer
 * than the action it justified. What was learned of the service stays.
 */
export function releaseOverload(state: OverloadState): OverloadState {
  const open: OverloadState = {
    ...INITIAL_OVERLOAD_STATE,
    baselineSec: state.baselineSec,
    peakRps: Math.max(state.peakRps, state.capacityRps),
    answersSeen: state.answersSeen,
    learnedSec: state.learnedSec,
  };
  return { ...open, limit: openGuard(open, 0) };
}
