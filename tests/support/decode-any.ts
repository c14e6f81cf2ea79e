import { EXTENSION_TYPES, RESOURCE_TYPES } from '../../envoy/type-urls.ts';
import { Cluster } from '../../proto/gen/envoy/config/cluster/v3/cluster.ts';
import { ClusterLoadAssignment } from '../../proto/gen/envoy/config/endpoint/v3/endpoint.ts';
import { Listener } from '../../proto/gen/envoy/config/listener/v3/listener.ts';
import { RouteConfiguration } from '../../proto/gen/envoy/config/route/v3/route.ts';
import { Route } from '../../proto/gen/envoy/config/route/v3/route_components.ts';
import { ScopedRouteConfiguration } from '../../proto/gen/envoy/config/route/v3/scoped_route.ts';
import { ExtAuthz, ExtAuthzPerRoute } from '../../proto/gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz.ts';
import { LocalRateLimit } from '../../proto/gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.ts';
import { Router } from '../../proto/gen/envoy/extensions/filters/http/router/v3/router.ts';
import { HttpConnectionManager } from '../../proto/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.ts';
import { HttpProtocolOptions } from '../../proto/gen/envoy/extensions/upstreams/http/v3/http_protocol_options.ts';
import { Runtime } from '../../proto/gen/envoy/service/runtime/v3/rtds.ts';
import { HttpRequestHeaderMatchInput } from '../../proto/gen/envoy/type/matcher/v3/http_inputs.ts';
import { TypedStruct } from '../../proto/gen/xds/type/v3/typed_struct.ts';

interface Decoder {
  decode(bytes: Uint8Array): unknown;
  toJSON(message: never): unknown;
}

const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  [RESOURCE_TYPES.runtime, Runtime],
  [RESOURCE_TYPES.cluster, Cluster],
  [RESOURCE_TYPES.endpoints, ClusterLoadAssignment],
  [RESOURCE_TYPES.listener, Listener],
  [RESOURCE_TYPES.scopedRoutes, ScopedRouteConfiguration],
  [RESOURCE_TYPES.routes, RouteConfiguration],
  [EXTENSION_TYPES.connectionManager, HttpConnectionManager],
  [EXTENSION_TYPES.extAuthz, ExtAuthz],
  [EXTENSION_TYPES.extAuthzPerRoute, ExtAuthzPerRoute],
  [EXTENSION_TYPES.localRateLimit, LocalRateLimit],
  [EXTENSION_TYPES.router, Router],
  [EXTENSION_TYPES.httpProtocolOptions, HttpProtocolOptions],
  [EXTENSION_TYPES.headerMatchInput, HttpRequestHeaderMatchInput],
  [EXTENSION_TYPES.route, Route],
  [EXTENSION_TYPES.typedStruct, TypedStruct],
]);

/** JSON form of an encoded message, with every Any inside it unpacked. */
export function decodeAny(typeUrl: string, bytes: Uint8Array): Record<string, unknown> {
  const decoder = DECODERS.get(typeUrl);
  if (decoder === undefined) {
    if (bytes.length > 0) throw new Error(`no decoder for ${typeUrl}`);
    return { '@type': typeUrl };
  }
  const json = decoder.toJSON(decoder.decode(bytes) as never);
  return { '@type': typeUrl, ...(unpackInside(json) as Record<string, unknown>) };
}

function unpackInside(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpackInside);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value);
  const { typeUrl, value: payload } = value as { typeUrl?: unknown; value?: unknown };
  if (typeof typeUrl === 'string' && (payload === undefined || typeof payload === 'string')) {
    return decodeAny(typeUrl, Buffer.from(payload ?? '', 'base64'));
  }
  return Object.fromEntries(entries.map(([key, inner]) => [key, unpackInside(inner)]));
}
