import type { DeepPartial } from '../proto/gen/envoy/config/listener/v3/listener.ts';
import { Listener } from '../proto/gen/envoy/config/listener/v3/listener.ts';
import { Router } from '../proto/gen/envoy/extensions/filters/http/router/v3/router.ts';
import {
  HttpConnectionManager,
  type HttpFilter,
  type ScopedRoutes,
} from '../proto/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.ts';
import type { Any } from '../proto/gen/google/protobuf/any.ts';
import { buildAccessLogs } from './access-log.ts';
import { buildAuthorizerFilter } from './authorizer-filter.ts';
import { buildClientHeaderRemoval } from './client-headers.ts';
import { adsSource, INITIAL_FETCH_TIMEOUT_MS } from './config-sources.ts';
import { durationMs } from './duration.ts';
import { type EndpointAddress, socketAddress } from './endpoint-address.ts';
import { FILTER_NAMES } from './http-filters.ts';
import { buildLocalReplies } from './local-replies.ts';
import { pack } from './pack.ts';
import { buildIdleLimit } from './rate-limit.ts';
import { buildListenerTracing } from './tracing.ts';
import { EXTENSION_TYPES } from './type-urls.ts';

export const MESH_LISTENER = 'mesh';

export interface ListenerOptions {
  readonly address: EndpointAddress;
  /** The node has a collector of spans. */
  readonly toCollector: boolean;
}

/** The listener that fronts every service; `:authority` (port ignored) names the service. */
export function buildMeshListener({ address, toCollector }: ListenerOptions): Listener {
  return Listener.fromPartial({
    name: MESH_LISTENER,
    address: socketAddress(address),
    filterChains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            configType: {
              $case: 'typedConfig',
              value: pack(
                EXTENSION_TYPES.connectionManager,
                HttpConnectionManager,
                buildConnectionManager(toCollector),
              ),
            },
          },
        ],
      },
    ],
  });
}

function buildConnectionManager(toCollector: boolean): HttpConnectionManager {
  return HttpConnectionManager.fromPartial({
    statPrefix: MESH_LISTENER,
    stripPortMode: { $case: 'stripAnyHostPort', value: true },
    requestHeadersTimeout: durationMs(10_000),
    earlyHeaderMutationExtensions: [buildClientHeaderRemoval()],
    routeSpecifier: { $case: 'scopedRoutes', value: scopedRoutes() },
    localReplyConfig: buildLocalReplies(),
    accessLog: buildAccessLogs(),
    tracing: buildListenerTracing(toCollector),
    httpFilters: [
      httpFilter(FILTER_NAMES.authorizer, buildAuthorizerFilter()),
      httpFilter(FILTER_NAMES.rateLimit, buildIdleLimit()),
      httpFilter(FILTER_NAMES.router, pack(EXTENSION_TYPES.router, Router, Router.fromPartial({}))),
    ],
  });
}

function scopedRoutes(): DeepPartial<ScopedRoutes> {
  const source = adsSource(INITIAL_FETCH_TIMEOUT_MS);
  return {
    name: 'services',
    scopeKeyBuilder: {
      fragments: [
        {
          type: {
            $case: 'headerValueExtractor',
            value: { name: ':authority', extractType: { $case: 'index', value: 0 } },
          },
        },
      ],
    },
    rdsConfigSource: source,
    configSpecifier: { $case: 'scopedRds', value: { scopedRdsConfigSource: source } },
  };
}

function httpFilter(name: string, config: Any): DeepPartial<HttpFilter> {
  return { name, configType: { $case: 'typedConfig', value: config } };
}
