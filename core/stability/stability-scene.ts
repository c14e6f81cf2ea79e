import type { GateState } from '../gates/gate-state.ts';
import type { EdgeKey, PolicyConfig } from '../mesh/mesh-config.ts';
import type { RunningAction } from './running-action.ts';

/** What is wrong beside a failed gate: without any of it nothing is refused (CONTRACT §G). */
export type Harm = 'errors' | 'latency' | 'pool';

/** One service at one moment, as far as actions are decided by it. Monotonic milliseconds. */
export interface StabilityScene {
  readonly service: string;
  readonly gates: GateState;
  readonly edges: readonly SceneEdge[];
  readonly harm: readonly Harm[];
  /** The overload controller holds the service at its knee. */
  readonly trimming: boolean;
  /** For how long it has. */
  readonly trimmingMs: number;
  /** z, the evidence of overload that it weighs; 0 = none. */
  readonly overloadEvidence: number;
  /** Its estimate of the capacity meanwhile, calls per second. */
  readonly capacityRps: number;
  /** R0, s; 0 while unknown. */
  readonly baselineSec: number;
  /** How long the fit gate has failed. */
  readonly fitFailingMs: number;
  readonly running: readonly RunningAction[];
  readonly policy: PolicyConfig;
  /** Tenants that were lately seen to harm others: they need no second probe. */
  readonly confirmed: ReadonlySet<string>;
  /** Mean ln-latency of a tenant in each of its newest ticks, newest first; ticks without answers are left out. */
  readonly latencies: (tenant: string, ticks: number) => readonly number[];
  /** The same as the model of the service expects it; `null` = nothing learned. */
  readonly expectedLatency: (tenant: string) => number | null;
  /** The same at the load nearest to the present one that something is known of. */
  readonly nearestLatency: (tenant: string) => number | null;
  readonly nowMs: number;
}

/** Rates in calls per second, averaged over about two seconds. */
export interface SceneEdge {
  readonly key: EdgeKey;
  readonly workload: string;
  readonly tenant: string;
  readonly prio: number;
  readonly offeredRps: number;
  readonly admittedRps: number;
  /** Answered without failure. */
  readonly goodRps: number;
  readonly breakerRefusedRps: number;
  /** Turned away by sidecars on account of actions. */
  readonly shedRps: number;
  /** Second and later attempts among the offered ones. */
  readonly retriesRps: number;
  /** Something refused calls in the newest tick. */
  readonly refusing: boolean;
  /** Mean calls in flight. */
  readonly inFlight: number;
  /** `null` = no rate limit. */
  readonly guaranteeRps: number | null;
}
