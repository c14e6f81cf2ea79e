import { GATES, type GateName, type GateStatus } from '../gates/gate-state.ts';

/** One gate over all services while a point was judged. */
export interface GateResult {
  /** FAIL if it failed at any service at any time, else the worst of the newest verdicts. */
  readonly status: GateStatus;
  /** Largest u that held for two ticks at a service with that status; `null` = none was measured. */
  readonly u: number | null;
  /** That service; empty where there is none. */
  readonly service: string;
}

/** What became of the mesh at one point of a sweep. */
export interface PointResult {
  readonly gates: Readonly<Record<GateName, GateResult>>;
  /** Every gate PASS or NOT_APPLICABLE all the time. */
  readonly stable: boolean;
  /** Calls from outside, a second. */
  readonly offeredRps: number;
  /** Of them answered well and in time. */
  readonly goodputRps: number;
  /** Share of them that was refused, by budget, breaker or action. */
  readonly refusedShare: number;
}

/** F, G, U and I for the gates that failed. */
export const failingLetters = ({ gates }: Pick<PointResult, 'gates'>): string =>
  GATES.filter((gate) => gates[gate].status === 'FAIL')
    .map((gate) => gate.charAt(0).toUpperCase())
    .join('');
