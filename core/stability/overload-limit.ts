import { clamp } from '../clamp.ts';
import { LAW } from './overload-law.ts';
import type { OverloadState, OverloadTick } from './overload-state.ts';

/** A tick with the numbers that every part of the law derives from it. */
export interface OverloadSample extends OverloadTick {
  readonly rateRps: number;
  /** Mean latency of the good answers; 0 without any. */
  readonly meanSec: number;
  /** Mean number in flight of the good answers, by Little's law. */
  readonly meanInFlight: number;
  /** How much the sample is worth: near 1 with many answers. */
  readonly weight: number;
  /** The limit was felt in this tick. */
  readonly limitBinds: boolean;
}

/** A tick with what follows from it: rate = answers/T, mean latency, and N = λ·W in flight (Little; CONTROL). */
export function sampleOf(tick: OverloadTick, limit: number): OverloadSample {
  const { durationSec, offered, refused, answers, latencySumSec, timeouts, inFlight, p10Sec } = tick;
  const rateRps = answers / durationSec;
  const meanSec = answers > 0 ? latencySumSec / answers : 0;
  const meanInFlight = rateRps * meanSec;
  return {
    durationSec,
    offered,
    refused,
    answers,
    latencySumSec,
    timeouts,
    inFlight,
    p10Sec,
    rateRps,
    meanSec,
    meanInFlight,
    weight: answers / (answers + LAW.fewAnswers),
    limitBinds: refused >= Math.max(3, 0.01 * offered) || meanInFlight >= 0.95 * limit,
  };
}

/** Share of the way to a new value that a first-order filter goes in a tick. */
export const gain = (durationSec: number, timeConstantSec: number): number =>
  1 - Math.exp(-durationSec / timeConstantSec);

/** Room for a queue above B that keeps the servers busy at a load (offered over capacity), and no more. */
export function queueRoom(emptyQueue: number, load: number): number {
  const lowest = Math.max(LAW.roomLowRoot * Math.sqrt(emptyQueue), LAW.roomLowShare * emptyQueue);
  const highest = Math.max(LAW.roomHighRoot * Math.sqrt(emptyQueue), LAW.roomHighShare * emptyQueue);
  return clamp(load > 1 ? LAW.idle / Math.log(load) : Number.POSITIVE_INFINITY, lowest, highest);
}

/** Limit that holds a service at its knee: B + room, never below the floor. */
export function kneeLimit(state: Pick<OverloadState, 'capacityRps' | 'baselineSec'>, load: number): number {
  const emptyQueue = state.capacityRps * state.baselineSec;
  return Math.max(LAW.floor, emptyQueue + queueRoom(emptyQueue, load));
}

type GuardState = Pick<OverloadState, 'peakRps' | 'baselineSec' | 'burstFactor'>;

/** Limit while open: far above need. */
export function openGuard(state: GuardState, rateRps: number): number {
  return (LAW.guardAdd + LAW.guardMul * Math.max(state.peakRps, rateRps) * state.baselineSec) * state.burstFactor;
}

/** Share of the room between B and the limit that calls in flight use, −0.5 … 1. */
export function roomUsed(emptyQueue: number, inFlight: number, limit: number): number {
  return clamp((inFlight - emptyQueue) / Math.max(1, limit - emptyQueue), -0.5, 1);
}

/** Offered over capacity, as far as the capacity is known. */
export function loadOf(capacityRps: number, sample: OverloadSample): number {
  return capacityRps > 0 ? clamp(sample.offered / sample.durationSec / capacityRps, 0, 100) : 1;
}

/** Sets a lower limit and skips the ticks in which calls let in before it still dominate, for a second at most. */
export function cutTo(state: OverloadState, limit: number, sample: OverloadSample): OverloadState {
  const held = Math.max(LAW.floor, limit);
  const drainSec = LAW.actuationSec + Math.max(0, sample.inFlight - held) / Math.max(sample.rateRps, 1);
  const ticks = Math.floor(drainSec / (0.4 * sample.durationSec));
  return { ...state, limit: held, settleTicks: Math.min(Math.ceil(1 / sample.durationSec), ticks) };
}

/** One step down on purpose: the next sample tells whether throughput holds at the lower limit. */
export function verifyAt(state: OverloadState, limit: number, sample: OverloadSample): OverloadState {
  return cutTo({ ...state, verifyStep: state.verifyStep + 1, sinceVerifySec: 0 }, limit, sample);
}
