import type { AdmissionFigures } from '../admission/admission-figures.ts';
import type { CapacityVector } from '../capacity/capacity-vector.ts';
import type { GateState } from '../gates/gate-state.ts';
import type { StabilityActionRecord } from '../stability/stability-action.ts';
import type { ActionControl } from './kernel-io.ts';
import type { LatestOutcome } from './latest-outcomes.ts';

/** What the kernel knows at one moment, for status pages, metrics and `explain`. */
export interface MeshView {
  readonly mesh: string;
  /** stable: every gate PASS or NOT_APPLICABLE; unstable: some FAIL; degraded: otherwise. */
  readonly stability: 'stable' | 'degraded' | 'unstable';
  readonly services: readonly ServiceView[];
  readonly edges: readonly EdgeView[];
  readonly nodes: readonly NodeView[];
  readonly actions: readonly ActionView[];
  readonly control: ActionControl;
  /** How well admission predicts. */
  readonly admission: AdmissionFigures;
  /** What came of its latest decisions, the newest first. */
  readonly latestOutcomes: readonly LatestOutcome[];
}

/** A running action and the service that it is taken for. */
export interface ActionView extends StabilityActionRecord {
  readonly service: string;
}

export interface ServiceView {
  readonly service: string;
  readonly gates: GateState;
  readonly capacityRps: number | null;
  readonly capacityConcurrency: number | null;
  /** Calls per second that the overload controller finds the service capable of; `null` = it does not hold it. */
  readonly foundCapacityRps: number | null;
  readonly concurrencyLimit: number;
  readonly controllerMode: 'open' | 'trim';
  readonly inFlight: number;
  /** R0; 0 while unknown. */
  readonly baselineLatencyMs: number;
  readonly goodputRps: number;
}

export interface EdgeView {
  readonly workload: string;
  readonly service: string;
  readonly tenant: string;
  /** Metric series that this edge's C_obs pays for; its tenant has the largest of its edges'. */
  readonly seriesPerTenant: number;
  readonly budget: CapacityVector;
  readonly guaranteeRps: number | null;
  readonly limitRps: number | null;
  readonly maxRequests: number | null;
  /** Over the newest tick. */
  readonly offeredRps: number;
  readonly admittedRps: number;
  readonly refusedRps: Readonly<Record<string, number>>;
  readonly goodputRps: number;
  readonly latencyP50Ms: number | null;
  readonly latencyP99Ms: number | null;
}

export interface NodeView {
  readonly node: string;
  readonly frameAgeMs: number;
  readonly leaseSeq: number;
}
