import type { EdgePlan, ServicePlan } from '../core/allocators/capacity-plan.ts';
import { edgeKey } from '../core/mesh/mesh-config.ts';
import { edgeStatName, UNVERIFIED_WORKLOAD } from '../core/substrate/edge-stats.ts';
import { RouteConfiguration } from '../proto/gen/envoy/config/route/v3/route.ts';
import { type DeepPartial, Route, type RouteAction } from '../proto/gen/envoy/config/route/v3/route_components.ts';
import { ExtAuthzPerRoute } from '../proto/gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz.ts';
import { HttpRequestHeaderMatchInput } from '../proto/gen/envoy/type/matcher/v3/http_inputs.ts';
import type { Any } from '../proto/gen/google/protobuf/any.ts';
import type { Matcher, Matcher_OnMatch } from '../proto/gen/xds/type/matcher/v3/matcher.ts';
import { durationMs } from './duration.ts';
import { hasOwnEndpoints } from './edge-endpoints.ts';
import { FILTER_NAMES, HEADERS } from './http-filters.ts';
import { UNJUDGED_STATUS } from './local-replies.ts';
import { pack, packEmpty, packStruct } from './pack.ts';
import { buildRouteLimit, buildUncheckedLimit } from './rate-limit.ts';
import { buildRouteTracing } from './tracing.ts';
import { EXTENSION_TYPES } from './type-urls.ts';

/**
 * Route table of one service. The verified `x-capacity-workload` picks the edge's
 * route in one look-up; the route's name is the edge, for refusal bodies. A call
 * that reaches the routes without a workload has not been judged:
 * {@link unverifiedRoute} says what becomes of it. One that has a workload but no
 * edge here is refused: its clusters may not have arrived yet.
 */
export function buildServiceRoutes(service: ServicePlan): RouteConfiguration {
  return RouteConfiguration.fromPartial({
    name: service.service,
    virtualHosts: [
      {
        name: service.service,
        domains: [service.service],
        requestHeadersToRemove: [HEADERS.token],
        typedPerFilterConfig: { [FILTER_NAMES.authorizer]: serviceContext(service.service) },
        matcher: workloadMatcher(service),
      },
    ],
  });
}

function workloadMatcher(service: ServicePlan): DeepPartial<Matcher> {
  const workloadHeader = {
    name: 'workload',
    typedConfig: pack(EXTENSION_TYPES.headerMatchInput, HttpRequestHeaderMatchInput, { headerName: HEADERS.workload }),
  };
  const edges = [...service.edges].sort((a, b) => (a.workload < b.workload ? -1 : 1));
  const unknownWorkload: DeepPartial<Matcher> = {
    matcherType: {
      $case: 'matcherList',
      value: {
        matchers: [
          {
            predicate: {
              matchType: {
                $case: 'singlePredicate',
                value: {
                  input: workloadHeader,
                  matcher: {
                    $case: 'valueMatch',
                    value: {
                      matchPattern: {
                        $case: 'safeRegex',
                        value: { regex: '.+', engineType: { $case: 'googleRe2', value: {} } },
                      },
                    },
                  },
                },
              },
            },
            onMatch: toRoute(refusalRoute(edgeKey('~unrouted', service.service))),
          },
        ],
      },
    },
    onNoMatch: toRoute(unverifiedRoute(service)),
  };
  if (edges.length === 0) return unknownWorkload;
  return {
    matcherType: {
      $case: 'matcherTree',
      value: {
        input: workloadHeader,
        treeType: {
          $case: 'exactMatchMap',
          value: { map: Object.fromEntries(edges.map((edge) => [edge.workload, toRoute(edgeRoute(service, edge))])) },
        },
      },
    },
    onNoMatch: { onMatch: { $case: 'matcher', value: unknownWorkload } },
  };
}

/** A second attempt goes to the next level, so that a call need not wait until those that are gone are ejected. */
const NEXT_LEVEL = {
  name: 'envoy.retry_priorities.previous_priorities',
  configType: {
    $case: 'typedConfig' as const,
    value: packStruct(EXTENSION_TYPES.previousPriorities, { update_frequency: 1 }),
  },
};

function edgeRoute(service: ServicePlan, edge: EdgePlan): Route {
  const route = forwardingRoute(service, edge.workload, edgeLimit(edge), {
    retryOn: 'connect-failure,refused-stream',
    numRetries: 1,
    retryHostPredicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        configType: { $case: 'typedConfig', value: packEmpty(EXTENSION_TYPES.previousHosts) },
      },
    ],
    hostSelectionRetryMaxAttempts: 3,
    ...(hasOwnEndpoints(service, edge) && { retryPriority: NEXT_LEVEL }),
  });
  return Route.fromPartial({ ...route, tracing: buildRouteTracing(edge.observation.traceSamplingPercent) });
}

/**
 * Only reached while the authorizer cannot be: Envoy then keeps the route that it
 * chose before the check. `degrade` shares one safe bucket among all callers and
 * refuses the others as `mesh-degraded`, `closed` refuses, `open` lets pass. Nobody
 * vouches for the priority that such a call claims: the service does not see it.
 */
function unverifiedRoute(service: ServicePlan): Route {
  if (service.authorizerDown === 'open') return unjudged(forwardingRoute(service, UNVERIFIED_WORKLOAD, null));
  if (service.authorizerDown === 'closed' || service.unverified === null) {
    return refusalRoute(edgeKey(UNVERIFIED_WORKLOAD, service.service));
  }
  const limit = buildUncheckedLimit(edgeStatName(UNVERIFIED_WORKLOAD, service.service), service.unverified);
  return unjudged(forwardingRoute(service, UNVERIFIED_WORKLOAD, limit));
}

const unjudged = (route: Route): Route => ({ ...route, requestHeadersToRemove: [HEADERS.priority] });

function forwardingRoute(
  service: ServicePlan,
  workload: string,
  limit: Any | null,
  retryPolicy?: DeepPartial<RouteAction['retryPolicy']>,
): Route {
  return Route.fromPartial({
    name: edgeKey(workload, service.service),
    match: { pathSpecifier: { $case: 'prefix', value: '/' } },
    action: {
      $case: 'route',
      value: {
        clusterSpecifier: { $case: 'cluster', value: edgeStatName(workload, service.service) },
        timeout: durationMs(service.timeoutMs),
        retryPolicy,
      },
    },
    typedPerFilterConfig: limit === null ? {} : { [FILTER_NAMES.rateLimit]: limit },
  });
}

function refusalRoute(name: string): Route {
  return Route.fromPartial({
    name,
    match: { pathSpecifier: { $case: 'prefix', value: '/' } },
    action: { $case: 'directResponse', value: { status: UNJUDGED_STATUS } },
  });
}

function edgeLimit({ workload, service, backstop, safe }: EdgePlan): Any | null {
  return backstop === null ? null : buildRouteLimit(edgeStatName(workload, service), { backstop, safe });
}

function toRoute(route: Route): DeepPartial<Matcher_OnMatch> {
  return {
    onMatch: {
      $case: 'action',
      value: { name: 'route', typedConfig: pack(EXTENSION_TYPES.route, Route, route) },
    },
  };
}

/** Tells the authorizer which service is called, whatever route is chosen. */
function serviceContext(service: string) {
  return pack(
    EXTENSION_TYPES.extAuthzPerRoute,
    ExtAuthzPerRoute,
    ExtAuthzPerRoute.fromPartial({
      override: { $case: 'checkSettings', value: { contextExtensions: { service } } },
    }),
  );
}
