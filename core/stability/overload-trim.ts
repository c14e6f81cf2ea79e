import { LAW } from './overload-law.ts';
import { gain, kneeLimit, loadOf, type OverloadSample, openGuard, roomUsed, verifyAt } from './overload-limit.ts';
import type { OverloadState } from './overload-state.ts';

/** A tick while the service is held at its knee. */
export function stepTrim(before: OverloadState, sample: OverloadSample): OverloadState {
  const state: OverloadState = { ...before, lastInFlight: sample.inFlight };
  if (state.settleTicks > 0) return { ...state, settleTicks: state.settleTicks - 1 };
  if (sample.answers < LAW.fewAnswers) return withoutAnswers(state, sample);
  const timed = { ...state, sinceVerifySec: state.sinceVerifySec + sample.durationSec };
  if (timed.verifyStep < 0) return judgeRaised(timed, sample);
  if (timed.verifyStep > 0) return judgeLowered(timed, sample, before.lastInFlight);
  return follow(timed, sample);
}

/** Time-outs alone: halve the limit. Nothing at all and nothing refused: the overload is over. */
function withoutAnswers(state: OverloadState, sample: OverloadSample): OverloadState {
  if (sample.timeouts > 0) return { ...state, limit: Math.max(LAW.floor, state.limit / 2) };
  if (sample.refused > 0) return state;
  const evidence = state.evidence - sample.durationSec * LAW.fillReference;
  return evidence <= 0 ? reopen(state, sample) : { ...state, evidence };
}

/** The limit was raised from the floor: more throughput means that the latency at the floor was the service's own. */
function judgeRaised(state: OverloadState, sample: OverloadSample): OverloadState {
  const followed = sample.rateRps >= 1.3 * state.steadyRps;
  const load = loadOf(state.capacityRps, sample);
  const capacityRps = Math.max(state.capacityRps, sample.rateRps);
  return endVerification(
    { ...state, baselineSec: followed ? state.steadyMeanSec : state.baselineSec, capacityRps },
    load,
  );
}

/**
 * The limit was lowered on purpose. If throughput held, a queue still stood at
 * the lower level: go on down. If it fell, the level was below the knee: what
 * was measured there is the base latency.
 */
function judgeLowered(state: OverloadState, sample: OverloadSample, lastInFlight: number): OverloadState {
  const blind = state.learnedSec < LAW.trustSec && state.verifyStep === 1;
  const held = blind || sample.rateRps >= LAW.knee * Math.min(state.capacityRps, state.steadyRps);
  const measuredSec = loweredLatency(state, sample, lastInFlight);
  const confirmed =
    state.verifyStep === 1 && Math.abs(measuredSec / state.baselineSec - 1) < 0.15 + 1.5 / Math.sqrt(sample.answers);
  const next: OverloadState = {
    ...state,
    verifyEverySec: confirmed ? Math.min(LAW.verifyMaxSec, 2 * state.verifyEverySec) : LAW.verifyMinSec,
    baselineSec: loweredBaseline(state, sample, { blind, held, measuredSec }),
    capacityRps: Math.max(state.capacityRps, sample.rateRps),
  };
  if (held && next.verifyStep < LAW.verifyStepsMax && next.limit > LAW.floor) {
    return verifyAt(next, next.limit / 2, sample);
  }
  if (held && next.capacityFell) {
    return {
      ...next,
      verifyStep: -1,
      capacityFell: false,
      steadyMeanSec: measuredSec,
      steadyRps: sample.rateRps,
      limit: 2 * LAW.floor,
    };
  }
  const learnedSec = Math.max(next.learnedSec, LAW.trustSec);
  return endVerification({ ...next, learnedSec }, loadOf(state.capacityRps, sample));
}

/** Mean latency at the lowered limit, without the answers to calls that were let in before it. */
function loweredLatency(state: OverloadState, sample: OverloadSample, lastInFlight: number): number {
  const old = Math.min(0.6 * sample.answers, LAW.actuationSec * state.capacityRps + lastInFlight);
  const waitSec = state.capacityRps > 0 ? lastInFlight / state.capacityRps : Number.POSITIVE_INFINITY;
  const oldSec = Math.max(sample.meanSec, Math.min(state.steadyMeanSec, waitSec));
  return Math.max(0.5 * sample.meanSec, (sample.latencySumSec - old * oldSec) / (sample.answers - old));
}

function loweredBaseline(
  { baselineSec }: OverloadState,
  { weight }: OverloadSample,
  { blind, held, measuredSec }: { readonly blind: boolean; readonly held: boolean; readonly measuredSec: number },
): number {
  if (blind) return measuredSec;
  return held ? Math.min(baselineSec, measuredSec) : baselineSec + weight * (measuredSec - baselineSec);
}

function endVerification(state: OverloadState, load: number): OverloadState {
  return {
    ...state,
    verifyStep: 0,
    sinceVerifySec: 0,
    justVerified: true,
    verifiedRps: state.capacityRps,
    limit: kneeLimit(state, load),
  };
}

/** No verification under way: follow capacity and base latency, drain or gather evidence. */
function follow(state: OverloadState, sample: OverloadSample): OverloadState {
  const { rateRps, meanSec, durationSec } = sample;
  const used = roomUsed(state.capacityRps * state.baselineSec, sample.meanInFlight, state.limit);
  const capacityRps = followCapacity(state.capacityRps, sample, used);
  const faster = meanSec < state.baselineSec ? gain(durationSec, LAW.capacityDownSec) * sample.weight : 0;
  const load = loadOf(capacityRps, sample);
  const pressure = durationSec * (used - LAW.fillReference + load - 1);
  const next: OverloadState = {
    ...state,
    capacityRps,
    baselineSec: state.baselineSec + faster * (meanSec - state.baselineSec),
    steadyMeanSec: meanSec,
    steadyRps: rateRps,
    evidence: state.justVerified ? state.evidence : Math.min(state.evidenceCap, state.evidence + pressure),
    justVerified: false,
  };
  if (next.evidence <= 0) return reopen(next, sample);
  return startVerification(next, sample) ?? { ...next, limit: kneeLimit(next, load) };
}

/** Throughput below the estimate is evidence of less capacity only while a queue stands. */
function followCapacity(capacityRps: number, sample: OverloadSample, used: number): number {
  const { rateRps, durationSec } = sample;
  const rising = rateRps > capacityRps;
  if (!rising && used <= 0.5) return capacityRps;
  const timeConstantSec = rising ? LAW.capacityUpSec : LAW.capacityDownSec;
  return capacityRps + gain(durationSec, timeConstantSec) * (rateRps - capacityRps);
}

/** Verifies when it is time, or when capacity moved; only while the limit binds. `null` = not now. */
function startVerification(state: OverloadState, sample: OverloadSample): OverloadState | null {
  const { capacityRps, verifiedRps, sinceVerifySec } = state;
  const fell = capacityRps * LAW.moved < verifiedRps;
  const rose = capacityRps > verifiedRps * LAW.moved && sample.rateRps < 1.1 * capacityRps;
  const due = sinceVerifySec >= state.verifyEverySec || (fell && sinceVerifySec >= 2) || (rose && sinceVerifySec >= 3);
  if (!sample.limitBinds || !due) return null;
  const next = { ...state, capacityRps: fell ? sample.rateRps : capacityRps, capacityFell: fell };
  return verifyAt(next, LAW.verifyShare * next.capacityRps * next.baselineSec, sample);
}

/** The evidence has drained: open with the limit on probation. */
function reopen(state: OverloadState, sample: OverloadSample): OverloadState {
  const open: OverloadState = {
    ...state,
    mode: 'open',
    evidence: 0,
    calmSec: 0,
    verifyStep: 0,
    peakRps: Math.max(state.peakRps, state.capacityRps),
    answersSeen: Math.max(state.answersSeen, LAW.coldAnswers),
  };
  const limit = Math.min(openGuard(open, sample.rateRps), 2 * kneeLimit(open, 1));
  return { ...open, limit, probationLimit: limit };
}
