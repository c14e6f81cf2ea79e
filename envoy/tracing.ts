import type { DeepPartial, Tracing } from '../proto/gen/envoy/config/route/v3/route_components.ts';
import type { HttpConnectionManager_Tracing } from '../proto/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.ts';
import { FractionalPercent_DenominatorType } from '../proto/gen/envoy/type/v3/percent.ts';
import { durationText } from './duration.ts';
import { packStruct } from './pack.ts';
import { STATIC_CLUSTERS } from './static-clusters.ts';
import { EXTENSION_TYPES } from './type-urls.ts';

/** Longest time that spans wait to be sent. */
const EXPORT_TIMEOUT_MS = 250;

/**
 * Nothing is sampled before the caller is known: Envoy decides once by the route
 * that it finds first and again by that of the edge, and what is sampled stays so.
 * Callers have no say in it: `x-client-trace-id` must not buy traces that C_obs does not.
 *
 * @param toCollector whether the node has a collector; without one only the decision travels, in `x-request-id`
 */
export function buildListenerTracing(toCollector: boolean): DeepPartial<HttpConnectionManager_Tracing> {
  return {
    clientSampling: { value: 0 },
    randomSampling: { value: 0 },
    ...(toCollector && { provider: OPEN_TELEMETRY }),
  };
}

const OPEN_TELEMETRY = {
  name: 'envoy.tracers.opentelemetry',
  configType: {
    $case: 'typedConfig' as const,
    value: packStruct(EXTENSION_TYPES.openTelemetry, {
      grpc_service: {
        envoy_grpc: { cluster_name: STATIC_CLUSTERS.traces },
        timeout: durationText(EXPORT_TIMEOUT_MS),
      },
      service_name: 'capmesh',
    }),
  },
};

/** Sampling of one edge's calls (C_obs), in steps of 0.01 %: Envoy compares with a number below 10 000. */
export function buildRouteTracing(samplingPercent: number): DeepPartial<Tracing> {
  const { HUNDRED, TEN_THOUSAND } = FractionalPercent_DenominatorType;
  return {
    clientSampling: { numerator: 0, denominator: HUNDRED },
    randomSampling: { numerator: Math.round(samplingPercent * 100), denominator: TEN_THOUSAND },
  };
}
