import { LISTENER_METADATA_KEY } from '../../envoy/bootstrap.ts';
import { type EndpointAddress, isIpLiteral } from '../../envoy/endpoint-address.ts';
import type { Node } from '../../proto/gen/envoy/config/core/v3/base.ts';

/** Where a node says that its mesh listener is to listen; `null` where it says nothing usable. */
export function listenerOf(node: Node): EndpointAddress | null {
  const claimed: unknown = node.metadata?.[LISTENER_METADATA_KEY];
  if (claimed === null || typeof claimed !== 'object') return null;
  const { host, port } = claimed as { host?: unknown; port?: unknown };
  if (typeof host !== 'string' || !isIpLiteral(host)) return null;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535) return null;
  return { host, port };
}
