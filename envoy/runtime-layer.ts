import type { CapacityPlan, EdgePlan } from '../core/allocators/capacity-plan.ts';
import { edgeStatName } from '../core/substrate/edge-stats.ts';
import { Runtime } from '../proto/gen/envoy/service/runtime/v3/rtds.ts';
import { type Resource, resourceOf } from './resource.ts';
import { RESOURCE_TYPES } from './type-urls.ts';

/** Name of the RTDS resource; the bootstrap subscribes to it. */
export const RUNTIME_LAYER = 'capmesh';

/** Largest value that Envoy's counters of a breaker hold. */
const UINT32_MAX = 4_294_967_295;
/** Retries that may be in flight on an edge however few its calls are (CONTRACT §D). */
const MIN_RETRY_CONCURRENCY = 1;

/**
 * The RTDS layer: real breaker values and retry budgets of every edge that has
 * any, as overrides over the wide-open clusters. Envoy ACKs and then ignores a
 * value that is no non-negative integer, so such a value throws here.
 */
export function buildRuntimeLayer(plan: CapacityPlan): Resource {
  return runtimeResource(runtimeKeys(plan));
}

/** The overrides by runtime key. */
export function runtimeKeys(plan: CapacityPlan): Record<string, number> {
  const edges = plan.services.flatMap((service) => service.edges);
  return Object.fromEntries(edges.flatMap(edgeKeys).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A layer with the given overrides. */
export function runtimeResource(keys: Readonly<Record<string, number>>): Resource {
  return resourceOf({
    typeUrl: RESOURCE_TYPES.runtime,
    name: RUNTIME_LAYER,
    source: 'plan',
    bytes: Runtime.encode(Runtime.fromPartial({ name: RUNTIME_LAYER, layer: { ...keys } })).finish(),
  });
}

function edgeKeys(edge: EdgePlan): [string, number][] {
  const prefix = `circuit_breakers.${edgeStatName(edge.workload, edge.service)}.default`;
  const keys: [string, number][] = [
    [`${prefix}.retry_budget.budget_percent`, percent(edge.retryBudgetPercent, prefix)],
    [`${prefix}.retry_budget.min_retry_concurrency`, MIN_RETRY_CONCURRENCY],
  ];
  if (edge.breaker !== null) {
    keys.push(
      [`${prefix}.max_requests`, count(edge.breaker.maxRequests, prefix)],
      [`${prefix}.max_connections`, count(edge.breaker.maxConnections, prefix)],
      [`${prefix}.max_pending_requests`, count(edge.breaker.maxPendingRequests, prefix)],
    );
  }
  return keys;
}

function count(value: number, key: string): number {
  if (!Number.isInteger(value) || value < 0 || value > UINT32_MAX) {
    throw new RangeError(`${key}: ${value} is not a breaker value`);
  }
  return value;
}

/** To two decimals, so that a figure that only wavers in its last bits is no change. */
function percent(value: number, key: string): number {
  if (!(value >= 0 && value <= 100)) throw new RangeError(`${key}: ${value} is not a percentage`);
  return Math.round(value * 100) / 100;
}
