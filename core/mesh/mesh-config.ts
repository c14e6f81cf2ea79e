import type { CapacityVector } from '../capacity/capacity-vector.ts';
import type { GateName } from '../gates/gate-state.ts';
import type { ServiceEndpoint } from './service-endpoint.ts';

/** Desired state of one mesh, checked and with every default filled in. */
export interface MeshConfig {
  readonly mesh: string;
  readonly services: ReadonlyMap<string, ServiceConfig>;
  readonly workloads: ReadonlyMap<string, WorkloadConfig>;
  /** Budget lines by edge key. */
  readonly budgets: ReadonlyMap<EdgeKey, BudgetConfig>;
  readonly gates: GateSettings;
  readonly policy: PolicyConfig;
}

/** `<workload>/<service>`; also the tail of the Envoy cluster's name `edge/<workload>/<service>`. */
export type EdgeKey = `${string}/${string}`;

/** Key of the edge from a workload to a service; names hold no slash, so no two edges share one (CONTRACT §A). */
export const edgeKey = (workload: string, service: string): EdgeKey => `${workload}/${service}`;

export interface ServiceConfig {
  readonly name: string;
  /** At least one. */
  readonly endpoints: readonly ServiceEndpoint[];
  /** Declared ceiling of the whole service; `null` = unknown until learned. */
  readonly capacity: ServiceCapacity;
  /** Workload that a call without a token counts as; `null` = a token is needed. */
  readonly anonymous: string | null;
  /** What happens to calls while the authorizer is unreachable. */
  readonly authorizerDown: 'degrade' | 'closed' | 'open';
  readonly timeoutMs: number;
  /** Endpoints that answer mostly with errors are left out for a while, beside those that cannot be reached. */
  readonly ejectFailing: boolean;
}

export interface ServiceCapacity {
  readonly rps: number | null;
  readonly concurrency: number | null;
  readonly cpuMsPerSec: number | null;
  readonly memoryMiB: number | null;
}

export interface WorkloadConfig {
  readonly name: string;
  readonly tenant: string;
  /** 0 (first to be shed) … 9. */
  readonly prio: number;
  readonly weight: number;
}

export interface BudgetConfig {
  readonly workload: string;
  readonly service: string;
  readonly vector: CapacityVector;
}

/** Thresholds of the gates under the seed's names (CONTRACT §G). */
export interface GateSettings {
  readonly fitThreshold: number;
  readonly gluingK: number;
  readonly uvLambda1Hz: number;
  /** `null` = ρ + σ/τ of each key. */
  readonly uvLambdaMaxHz: number | null;
  readonly isolationEps: number;
}

export interface PolicyConfig {
  /** Largest share of the offered calls of a service that actions may shed. */
  readonly maxShedRatio: number;
  /** Gates whose actions are only recorded, in the order of `GATES`. */
  readonly shadow: readonly GateName[];
  /** A tenant that harms others may be fenced off where throttling it did not help. */
  readonly fence: boolean;
}
