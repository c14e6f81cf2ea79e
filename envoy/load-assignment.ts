import type { ServicePlan } from '../core/allocators/capacity-plan.ts';
import { ClusterLoadAssignment } from '../proto/gen/envoy/config/endpoint/v3/endpoint.ts';
import { parseEndpoint, socketAddress } from './endpoint-address.ts';

/** Endpoints of one service, shared by all its edge clusters: every endpoint at one priority. */
export function buildLoadAssignment(service: Pick<ServicePlan, 'service' | 'endpoints'>): ClusterLoadAssignment {
  return ClusterLoadAssignment.fromPartial({
    clusterName: service.service,
    endpoints: [
      {
        lbEndpoints: service.endpoints.map((endpoint) => ({
          hostIdentifier: { $case: 'endpoint' as const, value: { address: socketAddress(parseEndpoint(endpoint)) } },
        })),
      },
    ],
  });
}
