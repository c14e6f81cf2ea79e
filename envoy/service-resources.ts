import type { ServicePlan } from '../core/allocators/capacity-plan.ts';
import { UNVERIFIED_WORKLOAD } from '../core/substrate/edge-stats.ts';
import { Cluster } from '../proto/gen/envoy/config/cluster/v3/cluster.ts';
import { Listener } from '../proto/gen/envoy/config/listener/v3/listener.ts';
import { RouteConfiguration } from '../proto/gen/envoy/config/route/v3/route.ts';
import { ScopedRouteConfiguration } from '../proto/gen/envoy/config/route/v3/scoped_route.ts';
import { buildEdgeCluster, type ClusterParts } from './edge-cluster.ts';
import {
  edgeEndpointsResource,
  endpointsName,
  hasOwnEndpoints,
  sharedEndpointsResource,
  usesEds,
} from './edge-endpoints.ts';
import { buildMeshListener, type ListenerOptions } from './mesh-listener.ts';
import { type Resource, resourceOf } from './resource.ts';
import { buildServiceRoutes } from './service-routes.ts';
import { buildServiceScope } from './service-scope.ts';
import { RESOURCE_TYPES } from './type-urls.ts';

/** What changes only with a service's endpoints, time-out, callers and their C_geo: clusters, endpoints and scope. */
export function topologyResources(service: ServicePlan): Resource[] {
  const { service: name } = service;
  const source = `services.${name}`;
  const clusters = [
    ...service.edges.map((edge) => {
      const { workload, errorThreshold } = edge;
      const parts = { workload, errorThreshold, endpoints: endpointsName(service, edge) };
      return clusterResource(service, parts, `budgets.${workload}.${name}`);
    }),
    clusterResource(service, { workload: UNVERIFIED_WORKLOAD, endpoints: name, errorThreshold: null }, source),
  ];
  const scope = resourceOf({
    typeUrl: RESOURCE_TYPES.scopedRoutes,
    name,
    source,
    bytes: ScopedRouteConfiguration.encode(buildServiceScope(name)).finish(),
    needs: { typeUrl: RESOURCE_TYPES.routes, name },
  });
  return [...clusters, ...(usesEds(service) ? endpointsResources(service) : []), scope];
}

/** The service's route table, with the native buckets of its edges. */
export function routesResource(service: ServicePlan): Resource {
  return resourceOf({
    typeUrl: RESOURCE_TYPES.routes,
    name: service.service,
    source: `services.${service.service}`,
    bytes: RouteConfiguration.encode(buildServiceRoutes(service)).finish(),
  });
}

/** `~unverified` has no budget, so that its calls always use the shared ones. */
function endpointsResources(service: ServicePlan): Resource[] {
  const owners = service.edges.filter((edge) => hasOwnEndpoints(service, edge));
  return [sharedEndpointsResource(service), ...owners.map((edge) => edgeEndpointsResource(service, edge))];
}

function clusterResource(
  service: ServicePlan,
  parts: ClusterParts & { readonly endpoints: string },
  source: string,
): Resource {
  const endpoints = usesEds(service) ? parts.endpoints : null;
  const cluster = buildEdgeCluster(service, { ...parts, endpoints });
  return resourceOf({
    typeUrl: RESOURCE_TYPES.cluster,
    name: cluster.name,
    source,
    bytes: Cluster.encode(cluster).finish(),
    ...(endpoints === null ? {} : { needs: { typeUrl: RESOURCE_TYPES.endpoints, name: endpoints } }),
  });
}

/** The mesh listener of a node. */
export function listenerResource(options: ListenerOptions): Resource {
  const listener = buildMeshListener(options);
  return resourceOf({
    typeUrl: RESOURCE_TYPES.listener,
    name: listener.name,
    source: 'mesh',
    bytes: Listener.encode(listener).finish(),
  });
}
