import { ScopedRouteConfiguration } from '../proto/gen/envoy/config/route/v3/scoped_route.ts';

/**
 * Ties calls to `:authority` = the service's name to its own route table, so that
 * a change of one service refills no bucket of another.
 */
export function buildServiceScope(service: string): ScopedRouteConfiguration {
  return ScopedRouteConfiguration.fromPartial({
    name: service,
    routeConfigurationName: service,
    key: { fragments: [{ type: { $case: 'stringKey', value: service } }] },
  });
}
