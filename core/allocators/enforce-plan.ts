import { nodeBreaker } from '../capacity/breaker.ts';
import type { EdgeKey } from '../mesh/mesh-config.ts';
import type { CapacityPlan, EdgePlan, OverlayPlan } from './capacity-plan.ts';

/** What actions do to one edge. Bounds above everything (Infinity, 1, 100) change nothing. */
export interface EdgeEffect {
  /** Calls per second at most. */
  readonly rateRps: number;
  /** What is left of the burst, 0 … 1. */
  readonly burstFactor: number;
  /** Calls in flight at most, over all nodes. */
  readonly concurrency: number;
  readonly retryPercent: number;
  readonly leaseFactor: number;
  readonly shedBelowPrio: number;
  readonly shedRatio: number;
  readonly shedRetries: boolean;
  readonly fenced: boolean;
}

/** Leases are never made shorter than this, or they would run out between two heartbeats. */
const LEASE_MIN_MS = 12_000;

/**
 * The plan with actions put on it: limits can only become lower. What an edge
 * gives up goes to nobody, since the point is to relieve the service. Guarantees,
 * σ and the buckets that must never fire in health stay as they are.
 */
export function enforcePlan(plan: CapacityPlan, effects: ReadonlyMap<EdgeKey, EdgeEffect>): CapacityPlan {
  if (effects.size === 0) return plan;
  return {
    ...plan,
    services: plan.services.map((service) => {
      const edges = service.edges.map((edge) => {
        const effect = effects.get(edge.key);
        return effect ? enforceEdge(edge, effect, plan.nodeCount) : edge;
      });
      return edges.every((edge, i) => edge === service.edges[i]) ? service : { ...service, edges };
    }),
  };
}

function enforceEdge(edge: EdgePlan, effect: EdgeEffect, nodeCount: number): EdgePlan {
  return {
    ...edge,
    limitRps: edge.limitRps === null ? null : Math.min(edge.limitRps, effect.rateRps),
    breaker: enforcedBreaker(edge, effect, nodeCount),
    retryBudgetPercent: Math.min(edge.retryBudgetPercent, effect.retryPercent),
    leaseMs: Math.min(edge.leaseMs, Math.max(LEASE_MIN_MS, effect.leaseFactor * edge.leaseMs)),
    overlay: overlayOf(effect),
  };
}

/** Calls in flight per node; none at all is how Envoy fences by itself. */
function enforcedBreaker({ breaker }: EdgePlan, effect: EdgeEffect, nodeCount: number): EdgePlan['breaker'] {
  const held = Number.isFinite(effect.concurrency) ? nodeBreaker(effect.concurrency, 1, nodeCount) : breaker;
  const lower = breaker === null || held === null || held.maxRequests < breaker.maxRequests ? held : breaker;
  if (!effect.fenced) return lower;
  return { ...(lower ?? nodeBreaker(1, 1, nodeCount)), maxRequests: 0 };
}

function overlayOf({ burstFactor, shedBelowPrio, shedRatio, shedRetries, fenced }: EdgeEffect): OverlayPlan | null {
  const sheds = shedBelowPrio > 0 && shedRatio > 0;
  if (burstFactor === 1 && !sheds && !shedRetries && !fenced) return null;
  return {
    burstFactor,
    shedBelowPrio: sheds ? shedBelowPrio : 0,
    shedRatio: sheds ? shedRatio : 0,
    shedRetries,
    fenced,
  };
}
