import type { EdgePlan, ServicePlan } from '../core/allocators/capacity-plan.ts';
import { NOWHERE, type Place, reachableEndpoints } from '../core/allocators/reachable-endpoints.ts';
import { edgeKey } from '../core/mesh/mesh-config.ts';
import { addressOf, isPlaced } from '../core/mesh/service-endpoint.ts';
import { edgeStatName } from '../core/substrate/edge-stats.ts';
import { ClusterLoadAssignment } from '../proto/gen/envoy/config/endpoint/v3/endpoint.ts';
import { isIpLiteral, parseEndpoint } from './endpoint-address.ts';
import { buildLoadAssignment } from './load-assignment.ts';
import { contentHash, type Resource, resourceOf } from './resource.ts';
import { RESOURCE_TYPES } from './type-urls.ts';

/** Whether the service's endpoints are all IP literals, so that they travel as EDS resources. */
export function usesEds(service: Pick<ServicePlan, 'endpoints'>): boolean {
  return service.endpoints.every((endpoint) => isIpLiteral(parseEndpoint(addressOf(endpoint)).host));
}

/**
 * Whether an edge needs endpoints of its own. Where endpoints are placed every edge
 * has them, also one without C_geo, so that no edit of C_geo ever makes a cluster
 * anew; elsewhere those with C_geo have.
 */
export function hasOwnEndpoints(service: Pick<ServicePlan, 'endpoints'>, edge: Pick<EdgePlan, 'geo'>): boolean {
  return edge.geo !== null || service.endpoints.some(isPlaced);
}

/** Name of the EDS resource of an edge. */
export const endpointsName = (service: ServicePlan, edge: EdgePlan): string =>
  hasOwnEndpoints(service, edge) ? edgeStatName(edge.workload, service.service) : service.service;

/** Every endpoint of a service alike, shared by the edges that have none of their own. */
export function sharedEndpointsResource(service: ServicePlan): Resource {
  return resourceOf({
    typeUrl: RESOURCE_TYPES.endpoints,
    name: service.service,
    source: `services.${service.service}`,
    bytes: encodeAssignment(service.service, [service.endpoints.map(addressOf)]),
  });
}

/**
 * The endpoints that one edge may call, which depends on the node that asks. The
 * version stands for everything that any node may see.
 */
export function edgeEndpointsResource(service: ServicePlan, { workload, geo }: EdgePlan): Resource {
  const { endpoints } = service;
  const name = edgeStatName(workload, service.service);
  const order = edgeKey(workload, service.service);
  const seenFrom = (place: Place): Resource =>
    resourceOf({
      typeUrl: RESOURCE_TYPES.endpoints,
      name,
      source: `services.${service.service}`,
      bytes: encodeAssignment(name, reachableEndpoints(order, geo, endpoints, place)),
    });
  return { ...seenFrom(NOWHERE), version: contentHash(JSON.stringify([name, geo, endpoints])), seenFrom };
}

const encodeAssignment = (name: string, levels: readonly (readonly string[])[]): Uint8Array =>
  ClusterLoadAssignment.encode(buildLoadAssignment(name, levels)).finish();
