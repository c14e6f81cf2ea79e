import type { Place } from '../../core/allocators/reachable-endpoints.ts';
import { LISTENER_METADATA_KEY, TRACES_METADATA_KEY } from '../../envoy/bootstrap.ts';
import { type EndpointAddress, isIpLiteral } from '../../envoy/endpoint-address.ts';
import type { Node } from '../../proto/gen/envoy/config/core/v3/base.ts';

/** What a node says of itself, as far as its configuration depends on it. */
export interface NodeFacts {
  /** Where its mesh listener is to listen; `null` where it says nothing usable. */
  readonly listener: EndpointAddress | null;
  readonly place: Place;
  /** It has a collector of spans. */
  readonly toCollector: boolean;
}

export function factsOf(node: Node): NodeFacts {
  const toCollector = node.metadata?.[TRACES_METADATA_KEY] === true;
  return { listener: listenerOf(node), place: placeOf(node), toCollector };
}

function placeOf({ id, locality }: Node): Place {
  return {
    node: id,
    region: locality?.region || undefined,
    zone: locality?.zone || undefined,
    subZone: locality?.subZone || undefined,
  };
}

function listenerOf(node: Node): EndpointAddress | null {
  const claimed: unknown = node.metadata?.[LISTENER_METADATA_KEY];
  if (claimed === null || typeof claimed !== 'object') return null;
  const { host, port } = claimed as { host?: unknown; port?: unknown };
  if (typeof host !== 'string' || !isIpLiteral(host)) return null;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535) return null;
  return { host, port };
}
