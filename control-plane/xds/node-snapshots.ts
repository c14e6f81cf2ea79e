import type { Place } from '../../core/allocators/reachable-endpoints.ts';
import type { ListenerOptions } from '../../envoy/mesh-listener.ts';
import type { Resource } from '../../envoy/resource.ts';
import { listenerResource } from '../../envoy/service-resources.ts';
import { type Snapshot, withSet } from '../../envoy/snapshot.ts';
import { RESOURCE_TYPES } from '../../envoy/type-urls.ts';
import type { NodeFacts } from './node-facts.ts';

/** Kinds of nodes for which snapshots and listeners are kept; more are rendered each time. */
const NODES_MAX = 1_024;

/**
 * The snapshot as each node gets it: the same for all but its listener (address,
 * collector of spans) and the endpoints that are near where it is.
 */
export class NodeSnapshots {
  #base: Snapshot | null = null;
  #hasPlacedEndpoints = false;
  #byNode = new Map<string, Snapshot>();
  #listeners = new Map<string, Resource>();
  /** By resource as the snapshot has it, then by place: one that stays is not rendered again. */
  #seen = new WeakMap<Resource, Map<string, Resource>>();

  /** Serves a new snapshot from now on. */
  replace(base: Snapshot): void {
    this.#base = base;
    this.#hasPlacedEndpoints = endpointsOf(base).some(({ seenFrom }) => seenFrom !== undefined);
    this.#byNode.clear();
  }

  /** `null` before the first snapshot; without an address the listener stays where the snapshot puts it. */
  get(node: NodeFacts): Snapshot | null {
    if (this.#base === null || (node.listener === null && !this.#hasPlacedEndpoints)) return this.#base;
    const key = JSON.stringify([node.listener, node.toCollector, this.#hasPlacedEndpoints ? node.place : null]);
    const known = this.#byNode.get(key);
    if (known !== undefined) return known;
    const snapshot = this.#render(this.#base, node);
    if (this.#byNode.size < NODES_MAX) this.#byNode.set(key, snapshot);
    return snapshot;
  }

  #render(base: Snapshot, { listener: address, toCollector, place }: NodeFacts): Snapshot {
    const placed = this.#hasPlacedEndpoints
      ? withSet(
          base,
          RESOURCE_TYPES.endpoints,
          endpointsOf(base).map((resource) => this.#seenFrom(resource, place)),
        )
      : base;
    if (address === null) return placed;
    return withSet(placed, RESOURCE_TYPES.listener, [this.#listener({ address, toCollector })]);
  }

  #seenFrom(resource: Resource, place: Place): Resource {
    if (resource.seenFrom === undefined) return resource;
    const views = this.#seen.get(resource) ?? new Map<string, Resource>();
    this.#seen.set(resource, views);
    const key = JSON.stringify(place);
    const known = views.get(key) ?? resource.seenFrom(place);
    if (views.size < NODES_MAX) views.set(key, known);
    return known;
  }

  #listener(options: ListenerOptions): Resource {
    const key = JSON.stringify(options);
    const known = this.#listeners.get(key) ?? listenerResource(options);
    if (this.#listeners.size < NODES_MAX) this.#listeners.set(key, known);
    return known;
  }
}

const endpointsOf = (snapshot: Snapshot): Resource[] => [
  ...(snapshot.sets.get(RESOURCE_TYPES.endpoints)?.resources.values() ?? []),
];
