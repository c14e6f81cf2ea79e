import { contentHash, type Resource } from './resource.ts';
import { RESOURCE_TYPES } from './type-urls.ts';

/** Resources of one type; `version` is the hash of their names and versions. */
export interface ResourceSet {
  readonly version: string;
  readonly resources: ReadonlyMap<string, Resource>;
}

/** Everything that nodes are to hold except the runtime layer. Same plan, same bytes, same version. */
export interface Snapshot {
  readonly version: string;
  /** By type URL. */
  readonly sets: ReadonlyMap<string, ResourceSet>;
}

/** The same snapshot with the resources of one type replaced. */
export function withSet(snapshot: Snapshot, typeUrl: string, resources: readonly Resource[]): Snapshot {
  return assemble(new Map([...snapshot.sets, [typeUrl, setOf(resources)]]));
}

/** Groups resources by type. Every type is present, also where it has no resource. */
export function snapshotOf(resources: readonly Resource[]): Snapshot {
  return assemble(
    new Map(
      SNAPSHOT_TYPES.map((typeUrl) => [typeUrl, setOf(resources.filter((resource) => resource.typeUrl === typeUrl))]),
    ),
  );
}

/** What refers to something that is not there; empty for a snapshot that may be served. */
export function inconsistencies(snapshot: Snapshot): string[] {
  const problems: string[] = [];
  const needed = new Set<string>();
  for (const { resources } of snapshot.sets.values()) {
    for (const { name, needs } of resources.values()) {
      if (needs === null) continue;
      needed.add(`${needs.typeUrl} ${needs.name}`);
      if (!snapshot.sets.get(needs.typeUrl)?.resources.has(needs.name)) problems.push(`${name} needs ${needs.name}`);
    }
  }
  for (const typeUrl of [RESOURCE_TYPES.endpoints, RESOURCE_TYPES.routes]) {
    for (const name of snapshot.sets.get(typeUrl)?.resources.keys() ?? []) {
      if (!needed.has(`${typeUrl} ${name}`)) problems.push(`nothing needs ${typeUrl} ${name}`);
    }
  }
  return problems;
}

/** Types of a snapshot; the runtime layer is served beside it. */
export const SNAPSHOT_TYPES = Object.values(RESOURCE_TYPES).filter((typeUrl) => typeUrl !== RESOURCE_TYPES.runtime);

/** A snapshot of these sets. */
export function assemble(sets: ReadonlyMap<string, ResourceSet>): Snapshot {
  return { version: contentHash([...sets.values()].map((set) => set.version).join()), sets };
}

/** The resources of one type, in the order of their names. */
export function setOf(resources: readonly Resource[]): ResourceSet {
  const sorted = [...resources].sort((a, b) => (a.name < b.name ? -1 : 1));
  const version = contentHash(sorted.map(({ name, version }) => `${name} ${version}`).join('\n'));
  return { version, resources: new Map(sorted.map((resource) => [resource.name, resource])) };
}
