import { LAW } from './overload-law.ts';

/** What one service did in one tick, summed over its edges and nodes (CONTROL, "Inputs per tick"). */
export interface OverloadTick {
  readonly durationSec: number;
  /** Calls that reached the limit, the ones that it refused too. */
  readonly offered: number;
  /** Calls that the limit refused. */
  readonly refused: number;
  /** Good answers and the sum of their latencies. */
  readonly answers: number;
  readonly latencySumSec: number;
  readonly timeouts: number;
  /** Calls in flight at the end. */
  readonly inFlight: number;
  /** 10th percentile of the latency, used only while cold; 0 = unknown. */
  readonly p10Sec: number;
}

/** Memory of the overload controller of one service. */
export interface OverloadState {
  /** open: nothing is refused, the service is learned; trim: overload, the service is held at its knee. */
  readonly mode: 'open' | 'trim';
  /** N: calls in flight that the service may hold. */
  readonly limit: number;
  /** r0: uncongested mean latency; 0 = unknown. */
  readonly baselineSec: number;
  /** x: estimate of the capacity, kept while trimming. */
  readonly capacityRps: number;
  /** Highest rate of good answers seen while open. */
  readonly peakRps: number;
  /** z: evidence of overload, at most `evidenceCap`. */
  readonly evidence: number;
  readonly evidenceCap: number;

  /** Time since the last recovery, and the limit on probation right after it. */
  readonly calmSec: number;
  readonly probationLimit: number;
  /** Answers and time that the open mode has learned from. */
  readonly answersSeen: number;
  readonly learnedSec: number;
  /** Smallest 10th percentile seen while cold; 0 = none. */
  readonly coldP10Sec: number;
  /** Widening of the guard for bursts, 1 … 16. */
  readonly burstFactor: number;

  /** 0 = no verification under way; n = limit lowered n times; −1 = limit raised from the floor to see whether throughput follows. */
  readonly verifyStep: number;
  /** Ticks to ignore: calls let in before the last cut still dominate them. */
  readonly settleTicks: number;
  readonly sinceVerifySec: number;
  readonly verifyEverySec: number;
  /** The capacity estimate that the last verification left. */
  readonly verifiedRps: number;
  /** The verification under way was called because capacity fell. */
  readonly capacityFell: boolean;
  /** The last tick ended a verification: its queue says nothing about load. */
  readonly justVerified: boolean;
  /** Mean latency and rate of good answers of the last steady tick. */
  readonly steadyMeanSec: number;
  readonly steadyRps: number;
  /** In flight at the end of the tick before. */
  readonly lastInFlight: number;
}

/** A controller that knows nothing: open, at the cold limit (CONTROL). */
export const INITIAL_OVERLOAD_STATE: OverloadState = {
  mode: 'open',
  limit: LAW.coldLimit,
  baselineSec: 0,
  capacityRps: 0,
  peakRps: 0,
  evidence: 0,
  evidenceCap: 1,
  calmSec: 1e9,
  probationLimit: 0,
  answersSeen: 0,
  learnedSec: 0,
  coldP10Sec: 0,
  burstFactor: 1,
  verifyStep: 0,
  settleTicks: 0,
  sinceVerifySec: 0,
  verifyEverySec: 0,
  verifiedRps: 0,
  capacityFell: false,
  justVerified: false,
  steadyMeanSec: 0,
  steadyRps: 0,
  lastInFlight: 0,
};
