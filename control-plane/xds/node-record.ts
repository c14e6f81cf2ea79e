import type { Resource } from '../../envoy/resource.ts';
import type { Snapshot } from '../../envoy/snapshot.ts';
import { type Nack, shortened } from './nack.ts';

interface Quarantined {
  readonly nack: Nack;
  /** What the node held before; served instead, where known. */
  readonly lastGood: Resource | null;
}

/**
 * What outlives a node's streams: the resources that it refused. Bounded by the
 * number of resources served, since only those can be refused.
 */
export class NodeRecord {
  readonly node: string;
  /** Moves with every change of the quarantine. */
  revision = 0;
  #quarantine = new Map<string, Quarantined>();

  constructor(node: string) {
    this.node = node;
  }

  get nacks(): Nack[] {
    return [...this.#quarantine.values()].map(({ nack }) => nack);
  }

  /** What to serve for a resource: itself, or while this version is refused the last good one, or nothing. */
  effective(resource: Resource): Resource | null {
    const quarantined = this.#quarantine.get(keyOf(resource));
    return quarantined?.nack.version === resource.version ? quarantined.lastGood : resource;
  }

  quarantine(resource: Resource, lastGood: Resource | null, message: string, atMs: number): Nack {
    const before = this.#quarantine.get(keyOf(resource));
    const nack: Nack = {
      node: this.node,
      typeUrl: resource.typeUrl,
      resource: resource.name,
      source: resource.source,
      version: resource.version,
      message: shortened(message),
      atMs,
    };
    this.#quarantine.set(keyOf(resource), { nack, lastGood: lastGood ?? before?.lastGood ?? null });
    this.revision += 1;
    return nack;
  }

  /** Forgets refusals of content that is no longer served. */
  prune(current: Snapshot): void {
    for (const [key, { nack }] of this.#quarantine) {
      const version = current.sets.get(nack.typeUrl)?.resources.get(nack.resource)?.version;
      if (version === nack.version) continue;
      this.#quarantine.delete(key);
      this.revision += 1;
    }
  }
}

const keyOf = (resource: Resource): string => `${resource.typeUrl} ${resource.name}`;
