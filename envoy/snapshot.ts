import type { CapacityPlan, ServicePlan } from '../core/allocators/capacity-plan.ts';
import { UNVERIFIED_WORKLOAD } from '../core/substrate/edge-stats.ts';
import { Cluster } from '../proto/gen/envoy/config/cluster/v3/cluster.ts';
import { ClusterLoadAssignment } from '../proto/gen/envoy/config/endpoint/v3/endpoint.ts';
import { Listener } from '../proto/gen/envoy/config/listener/v3/listener.ts';
import { RouteConfiguration } from '../proto/gen/envoy/config/route/v3/route.ts';
import { ScopedRouteConfiguration } from '../proto/gen/envoy/config/route/v3/scoped_route.ts';
import { buildEdgeCluster, usesEds } from './edge-cluster.ts';
import type { EndpointAddress } from './endpoint-address.ts';
import { buildLoadAssignment } from './load-assignment.ts';
import { buildMeshListener } from './mesh-listener.ts';
import { contentHash, type Resource, resourceOf } from './resource.ts';
import { buildServiceRoutes } from './service-routes.ts';
import { buildServiceScope } from './service-scope.ts';
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

/** Where a node listens unless its bootstrap says otherwise. */
export const DEFAULT_LISTENER: EndpointAddress = { host: '127.0.0.1', port: 10_000 };

/** Builds and checks the snapshot of a plan; an inconsistent one is a broken invariant and throws. */
export function buildSnapshot(plan: CapacityPlan): Snapshot {
  const services = [...plan.services].sort((a, b) => (a.service < b.service ? -1 : 1));
  const snapshot = snapshotOf([...services.flatMap(serviceResources), listenerResource(DEFAULT_LISTENER)]);
  const problems = inconsistencies(snapshot);
  if (problems.length > 0) throw new Error(`inconsistent snapshot: ${problems.join('; ')}`);
  return snapshot;
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

const SNAPSHOT_TYPES = Object.values(RESOURCE_TYPES).filter((typeUrl) => typeUrl !== RESOURCE_TYPES.runtime);

function assemble(sets: ReadonlyMap<string, ResourceSet>): Snapshot {
  return { version: contentHash([...sets.values()].map((set) => set.version).join()), sets };
}

function setOf(resources: readonly Resource[]): ResourceSet {
  const sorted = [...resources].sort((a, b) => (a.name < b.name ? -1 : 1));
  const version = contentHash(sorted.map(({ name, version }) => `${name} ${version}`).join('\n'));
  return { version, resources: new Map(sorted.map((resource) => [resource.name, resource])) };
}

function serviceResources(service: ServicePlan): Resource[] {
  const { service: name } = service;
  const source = `services.${name}`;
  const clusters = [
    ...service.edges.map((edge) => clusterResource(service, edge.workload, `budgets.${edge.workload}.${name}`)),
    clusterResource(service, UNVERIFIED_WORKLOAD, source),
  ];
  const endpoints = resourceOf({
    typeUrl: RESOURCE_TYPES.endpoints,
    name,
    source,
    bytes: ClusterLoadAssignment.encode(buildLoadAssignment(service)).finish(),
  });
  const scope = resourceOf({
    typeUrl: RESOURCE_TYPES.scopedRoutes,
    name,
    source,
    bytes: ScopedRouteConfiguration.encode(buildServiceScope(name)).finish(),
    needs: { typeUrl: RESOURCE_TYPES.routes, name },
  });
  const routes = resourceOf({
    typeUrl: RESOURCE_TYPES.routes,
    name,
    source,
    bytes: RouteConfiguration.encode(buildServiceRoutes(service)).finish(),
  });
  return [...clusters, ...(usesEds(service) ? [endpoints] : []), scope, routes];
}

function clusterResource(service: ServicePlan, workload: string, source: string): Resource {
  const cluster = buildEdgeCluster(service, workload);
  return resourceOf({
    typeUrl: RESOURCE_TYPES.cluster,
    name: cluster.name,
    source,
    bytes: Cluster.encode(cluster).finish(),
    ...(usesEds(service) ? { needs: { typeUrl: RESOURCE_TYPES.endpoints, name: service.service } } : {}),
  });
}

/** The mesh listener at a given address. */
export function listenerResource(address: EndpointAddress): Resource {
  const listener = buildMeshListener(address);
  return resourceOf({
    typeUrl: RESOURCE_TYPES.listener,
    name: listener.name,
    source: 'mesh',
    bytes: Listener.encode(listener).finish(),
  });
}
