import { ClusterLoadAssignment } from '../proto/gen/envoy/config/endpoint/v3/endpoint.ts';
import { parseEndpoint, socketAddress } from './endpoint-address.ts';

/**
 * Endpoints of one cluster or of several, nearest level first. Each level that has
 * endpoints is a priority of its own: Envoy spills from one to the next as far as
 * the nearer one lacks healthy endpoints, and wants priorities without gaps.
 *
 * @param levels `host:port`
 */
export function buildLoadAssignment(name: string, levels: readonly (readonly string[])[]): ClusterLoadAssignment {
  return ClusterLoadAssignment.fromPartial({
    clusterName: name,
    endpoints: levels
      .filter((addresses) => addresses.length > 0)
      .map((addresses, priority) => ({
        priority,
        lbEndpoints: addresses.map((address) => ({
          hostIdentifier: { $case: 'endpoint' as const, value: { address: socketAddress(parseEndpoint(address)) } },
        })),
      })),
  });
}
