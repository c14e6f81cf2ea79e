import type { EndpointAddress } from '../../envoy/endpoint-address.ts';
import type { Resource } from '../../envoy/resource.ts';
import { listenerResource } from '../../envoy/service-resources.ts';
import { type Snapshot, withSet } from '../../envoy/snapshot.ts';
import { RESOURCE_TYPES } from '../../envoy/type-urls.ts';

/** Addresses for which the listener and the snapshot are kept; more are rendered each time. */
const ADDRESSES_MAX = 1_024;

/** The snapshot as each node gets it: the same for all but the address that its listener listens on. */
export class NodeSnapshots {
  #base: Snapshot | null = null;
  #byAddress = new Map<string, Snapshot>();
  #listeners = new Map<string, Resource>();

  /** Serves a new snapshot from now on. */
  replace(base: Snapshot): void {
    this.#base = base;
    this.#byAddress.clear();
  }

  /** `null` before the first snapshot; without an address the listener stays where the snapshot puts it. */
  get(address: EndpointAddress | null): Snapshot | null {
    if (this.#base === null || address === null) return this.#base;
    const key = `${address.host} ${address.port}`;
    const known = this.#byAddress.get(key);
    if (known !== undefined) return known;
    const listener = this.#listeners.get(key) ?? listenerResource(address);
    const snapshot = withSet(this.#base, RESOURCE_TYPES.listener, [listener]);
    if (this.#listeners.size < ADDRESSES_MAX) this.#listeners.set(key, listener);
    if (this.#byAddress.size < ADDRESSES_MAX) this.#byAddress.set(key, snapshot);
    return snapshot;
  }
}
