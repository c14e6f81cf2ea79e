import type { CapacityPlan, EdgePlan } from '../core/allocators/capacity-plan.ts';
import { edgeStatName } from '../core/substrate/edge-stats.ts';
import { Any } from '../proto/gen/google/protobuf/any.ts';
import { Struct } from '../proto/gen/google/protobuf/struct.ts';
import { DEFAULT_RETRY_BUDGET_PERCENT } from './edge-cluster.ts';
import { type Resource, resourceOf } from './resource.ts';
import { RESOURCE_TYPES } from './type-urls.ts';

/** Name of the RTDS resource; the bootstrap subscribes to it. */
export const RUNTIME_LAYER = 'capmesh';

/** Largest value that Envoy's counters of a breaker hold. */
const UINT32_MAX = 4_294_967_295;

/** Overrides by runtime key. */
export type RuntimeKeys = Readonly<Record<string, number>>;

/**
 * The RTDS layer: real breaker values and retry budgets of every edge, where they
 * differ from the wide-open clusters. Envoy ACKs and then ignores a value that is
 * no non-negative integer, so such a value throws here.
 */
export function buildRuntimeLayer(plan: CapacityPlan): Resource {
  return new RuntimeLayerRenderer().render(plan);
}

interface EncodedEdge {
  readonly edge: EdgePlan;
  readonly bytes: Uint8Array;
}

/** Renders layer after layer; encodes only edges whose values moved. */
export class RuntimeLayerRenderer {
  #encoded = new Map<string, EncodedEdge>();
  #last = runtimeResource({});

  /** The same object while no value moves. */
  render(plan: CapacityPlan): Resource {
    const before = this.#encoded;
    const encoded = new Map<string, EncodedEdge>();
    let isSame = true;
    for (const { edges } of plan.services) {
      for (const edge of edges) {
        const name = edgeStatName(edge.workload, edge.service);
        const known = before.get(name);
        const isKnown = known !== undefined && hasSameValues(known.edge, edge);
        isSame &&= isKnown;
        encoded.set(name, isKnown ? known : { edge, bytes: encodeKeys(edgeKeys(edge)) });
      }
    }
    this.#encoded = encoded;
    if (!isSame || encoded.size !== before.size) {
      const sorted = [...encoded].sort(([a], [b]) => (a < b ? -1 : 1));
      this.#last = layerOf(sorted.map(([, { bytes }]) => bytes));
    }
    return this.#last;
  }
}

/** A layer with the given overrides. */
export function runtimeResource(keys: RuntimeKeys): Resource {
  return layerOf([encodeKeys(keys)]);
}

/** Overrides of one edge. */
export function edgeKeys(edge: EdgePlan): RuntimeKeys {
  const prefix = `circuit_breakers.${edgeStatName(edge.workload, edge.service)}.default`;
  const budgetPercent = percent(edge.retryBudgetPercent, prefix);
  return {
    ...(edge.breaker === null
      ? {}
      : {
          [`${prefix}.max_connections`]: count(edge.breaker.maxConnections, prefix),
          [`${prefix}.max_pending_requests`]: count(edge.breaker.maxPendingRequests, prefix),
          [`${prefix}.max_requests`]: count(edge.breaker.maxRequests, prefix),
        }),
    ...(budgetPercent === DEFAULT_RETRY_BUDGET_PERCENT
      ? {}
      : { [`${prefix}.retry_budget.budget_percent`]: budgetPercent }),
  };
}

function hasSameValues(a: EdgePlan, b: EdgePlan): boolean {
  return (
    a.retryBudgetPercent === b.retryBudgetPercent &&
    a.breaker?.maxRequests === b.breaker?.maxRequests &&
    a.breaker?.maxConnections === b.breaker?.maxConnections &&
    a.breaker?.maxPendingRequests === b.breaker?.maxPendingRequests
  );
}

/** Entries of a Struct; the encodings of several, one after the other, are the encoding of their union. */
function encodeKeys(keys: RuntimeKeys): Uint8Array {
  return Struct.encode(Struct.wrap(keys)).finish();
}

/** Runtime {string name = 1; Struct layer = 2} has the wire form of Any {string type_url = 1; bytes value = 2}. */
function layerOf(encodedKeys: readonly Uint8Array[]): Resource {
  return resourceOf({
    typeUrl: RESOURCE_TYPES.runtime,
    name: RUNTIME_LAYER,
    source: 'plan',
    bytes: Any.encode({ typeUrl: RUNTIME_LAYER, value: Buffer.concat(encodedKeys) }).finish(),
  });
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
