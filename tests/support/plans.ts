import type { CapacityPlan, EdgePlan, ServicePlan } from '../../core/allocators/capacity-plan.ts';
import { UNLIMITED } from '../../core/capacity/capacity-vector.ts';
import { observationLimits } from '../../core/capacity/observation.ts';
import { edgeKey } from '../../core/mesh/mesh-config.ts';

/** A plan for one node. */
export function planOf(...services: ServicePlan[]): CapacityPlan {
  return { mesh: 'shop', nodeCount: 1, services };
}

export function servicePlan(service: string, overrides: Partial<ServicePlan> = {}): ServicePlan {
  return {
    service,
    endpoints: ['127.0.0.1:9101'],
    timeoutMs: 5_000,
    ejectFailing: false,
    anonymous: null,
    authorizerDown: 'degrade',
    capacityRps: 400,
    concurrency: 24,
    edges: [],
    unverified: { maxTokens: 5, tokensPerFill: 1, fillIntervalMs: 600_000 },
    ...overrides,
  };
}

export function edgePlan(workload: string, service: string, overrides: Partial<EdgePlan> = {}): EdgePlan {
  return {
    key: edgeKey(workload, service),
    workload,
    service,
    tenant: workload,
    prio: 5,
    weight: 1,
    budget: UNLIMITED,
    geo: null,
    observation: observationLimits(null),
    guaranteeRps: 100,
    limitRps: 100,
    burst: 25,
    concurrency: 16,
    load: { cpuMsPerSec: null, memoryMiB: null },
    breaker: { maxRequests: 16, maxConnections: 32, maxPendingRequests: 16 },
    backstop: { maxTokens: 30, tokensPerFill: 12, fillIntervalMs: 100 },
    safe: { maxTokens: 25, tokensPerFill: 10, fillIntervalMs: 100 },
    retryBudgetPercent: 20,
    errorThreshold: 0.1,
    leaseMs: 60_000,
    overlay: null,
    ...overrides,
  };
}
