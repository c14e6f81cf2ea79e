import type { ServicePlan } from '../core/allocators/capacity-plan.ts';
import { UNVERIFIED_WORKLOAD } from '../core/substrate/edge-stats.ts';
import { Cluster } from '../proto/gen/envoy/config/cluster/v3/cluster.ts';
import { Listener } from '../proto/gen/envoy/config/listener/v3/listener.ts';
import { RouteConfiguration } from '../proto/gen/envoy/config/route/v3/route.ts';
import { ScopedRouteConfiguration } from '../proto/gen/envoy/config/route/v3/scoped_route.ts';
import { buildEdgeCluster } from './edge-cluster.ts';
import {
  edgeEndpointsResource,
  endpointsName,
  hasOwnEndpoints,
  sharedEndpointsResource,
  usesEds,
} from './edge-endpoints.ts';
import type { EndpointAddress } from './endpoint-address.ts';
import { buildMeshListener } from './mesh-listener.ts';
import { type Resource, resourceOf } from './resource.ts';
import { buildServiceRoutes } from './service-routes.ts';
import { buildServiceScope } from './service-scope.ts';
import { RESOURCE_TYPES } from './type-urls.ts';

/** What changes only with a service's endpoints, time-out, callers and their C_geo: clusters, endpoints and scope. */
export function topologyResources(service: ServicePlan): Resource[] {
  const { service: name } = service;
  const source = `services.${name}`;
  const clusters = [
    ...service.edges.map((edge) =>
      clusterResource(service, edge.workload, endpointsName(service, edge), `budgets.${edge.workload}.${name}`),
    ),
    clusterResource(service, UNVERIFIED_WORKLOAD, name, source),
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

function clusterResource(service: ServicePlan, workload: string, endpoints: string, source: string): Resource {
  const cluster = buildEdgeCluster(service, workload, usesEds(service) ? endpoints : null);
  return resourceOf({
    typeUrl: RESOURCE_TYPES.cluster,
    name: cluster.name,
    source,
    bytes: Cluster.encode(cluster).finish(),
    ...(usesEds(service) ? { needs: { typeUrl: RESOURCE_TYPES.endpoints, name: endpoints } } : {}),
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
