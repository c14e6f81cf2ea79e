import type { LoadShare } from '../admission/load-limit.ts';
import type { CapacityVector } from '../capacity/capacity-vector.ts';
import type { ObservationLimits } from '../capacity/observation.ts';
import type { EdgeKey } from '../mesh/mesh-config.ts';
import type { ServiceEndpoint } from '../mesh/service-endpoint.ts';

/**
 * The numbers that follow from budgets, capacities and measurements, without a
 * word of Envoy in them: the model between the maths and the xDS builders.
 */
export interface CapacityPlan {
  readonly mesh: string;
  /** Envoys that carry the plan; per-node numbers below are already divided by it (at least 1). */
  readonly nodeCount: number;
  readonly services: readonly ServicePlan[];
}

export interface ServicePlan {
  readonly service: string;
  readonly endpoints: readonly ServiceEndpoint[];
  readonly timeoutMs: number;
  readonly ejectFailing: boolean;
  readonly anonymous: string | null;
  readonly authorizerDown: 'degrade' | 'closed' | 'open';
  /** K, calls per second; `null` = unknown. */
  readonly capacityRps: number | null;
  /** N, calls in flight that the service may hold; `null` = unknown. */
  readonly concurrency: number | null;
  readonly edges: readonly EdgePlan[];
  /** Bucket per node for callers whose identity is not known while the authorizer is down; `null` = closed. */
  readonly unverified: BucketPlan | null;
}

export interface EdgePlan {
  readonly key: EdgeKey;
  readonly workload: string;
  readonly service: string;
  readonly tenant: string;
  readonly prio: number;
  readonly weight: number;
  readonly budget: CapacityVector;
  /** C_geo now: how far calls may spill; `null` = to every endpoint alike. */
  readonly geo: number | null;
  /** Of the whole edge. */
  readonly observation: ObservationLimits;
  /** `null` where no rate limit is rendered (int null, or capacity unknown). */
  readonly guaranteeRps: number | null;
  readonly limitRps: number | null;
  /** σ_e, calls; `null` with the limit. */
  readonly burst: number | null;
  /** N_e, calls in flight of the whole edge; `null` = no limit. */
  readonly concurrency: number | null;
  /** What load estimates on the whole edge may add up to. */
  readonly load: LoadShare;
  /** Per node. */
  readonly breaker: BreakerPlan | null;
  /** Per node; must never fire in health. */
  readonly backstop: BucketPlan | null;
  /** Per node; holds while the authorizer is unreachable. */
  readonly safe: BucketPlan | null;
  readonly retryBudgetPercent: number;
  /** Share of failed calls at which an endpoint is left out, 0.1 … 1, where the service wants that at all. */
  readonly errorThreshold: number;
  readonly leaseMs: number;
  /** Actions that the sidecars enforce on this edge; `null` = none. */
  readonly overlay: OverlayPlan | null;
}

/** What actions do to one edge beyond lower limits. */
export interface OverlayPlan {
  /** What is left of the burst that a sidecar grants, 0 … 1; σ itself stays. */
  readonly burstFactor: number;
  /** Calls of a lower priority are shed, `shedRatio` of them. */
  readonly shedBelowPrio: number;
  readonly shedRatio: number;
  /** Second and later attempts are shed. */
  readonly shedRetries: boolean;
  readonly fenced: boolean;
}

export interface BreakerPlan {
  readonly maxRequests: number;
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
}

export interface BucketPlan {
  readonly maxTokens: number;
  readonly tokensPerFill: number;
  readonly fillIntervalMs: number;
}

/** One node's slices of the edge limits; same shape as `capmesh.v1.Lease`. */
export interface LeasePlan {
  readonly node: string;
  readonly epoch: number;
  readonly seq: number;
  readonly edges: readonly EdgeLeasePlan[];
  /** Services that calls without a token may reach. */
  readonly anonymous?: readonly AnonymousCallerPlan[] | undefined;
}

export interface AnonymousCallerPlan {
  readonly service: string;
  readonly workload: string;
  /** 0 … 9. */
  readonly prio: number;
}

export interface EdgeLeasePlan {
  readonly workload: string;
  readonly service: string;
  /** Absent = no rate limit on this edge. */
  readonly rateRps?: number | undefined;
  readonly burst: number;
  readonly safeRateRps: number;
  readonly safeBurst: number;
  readonly guaranteeRps: number;
  readonly guaranteeBurst: number;
  readonly leaseMs: number;
  /** Lines of the access log at this node; absent = as with a C_obs of null. */
  readonly accessLogLinesPerSec?: number | undefined;
  /** CPU-ms per second of load estimates at this node; absent = no limit. */
  readonly cpuMsPerSec?: number | undefined;
  /** MiB that calls in flight may hold at this node by their estimates; absent = no limit. */
  readonly memoryMib?: number | undefined;
  /** Time-out of the edge's route. */
  readonly timeoutMs?: number | undefined;
  /** Breaker of the edge at this node, for operations that pass no Envoy; absent = none. */
  readonly maxRequests?: number | undefined;
  /** Actions on this edge end by themselves after this; absent with all below = no actions. */
  readonly overlayExpiresInMs?: number | undefined;
  readonly shedBelowPrio?: number | undefined;
  readonly shedRatio?: number | undefined;
  readonly shedRetries?: boolean | undefined;
  readonly fenced?: boolean | undefined;
}
