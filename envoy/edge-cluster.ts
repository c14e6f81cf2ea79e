import type { ServicePlan } from '../core/allocators/capacity-plan.ts';
import { addressOf } from '../core/mesh/service-endpoint.ts';
import { edgeStatName } from '../core/substrate/edge-stats.ts';
import {
  Cluster,
  Cluster_DiscoveryType,
  Cluster_DnsLookupFamily,
  Cluster_LbPolicy,
} from '../proto/gen/envoy/config/cluster/v3/cluster.ts';
import { HttpProtocolOptions } from '../proto/gen/envoy/extensions/upstreams/http/v3/http_protocol_options.ts';
import { adsSource, ENDPOINTS_FETCH_TIMEOUT_MS } from './config-sources.ts';
import { durationMs } from './duration.ts';
import { buildLoadAssignment } from './load-assignment.ts';
import { buildOutlierDetection } from './outlier-detection.ts';
import { pack } from './pack.ts';
import { EXTENSION_TYPES } from './type-urls.ts';

/** Longest wait for a connection; never longer than the call itself. */
const CONNECT_TIMEOUT_MS = 1_000;

/**
 * Breaker thresholds of the cluster itself: wide open, because every real value
 * comes over RTDS. So a budget edit leaves the cluster's bytes alone and never
 * re-warms it (docs/decisions/0005-breakers-over-rtds.md).
 */
export const OPEN_BREAKER = 1_000_000;

/** Share of an edge's calls that may be retries, unless the runtime layer says otherwise; at least one may (CONTRACT §D). */
export const DEFAULT_RETRY_BUDGET_PERCENT = 20;

const BREAKERS = {
  thresholds: [
    {
      maxConnections: OPEN_BREAKER,
      maxPendingRequests: OPEN_BREAKER,
      maxRequests: OPEN_BREAKER,
      retryBudget: { budgetPercent: { value: DEFAULT_RETRY_BUDGET_PERCENT }, minRetryConcurrency: 1 },
    },
  ],
};

/** Speaks to the service what the caller speaks: HTTP/1.1, or HTTP/2 for gRPC. */
const CALLERS_PROTOCOL = pack(
  EXTENSION_TYPES.httpProtocolOptions,
  HttpProtocolOptions,
  HttpProtocolOptions.fromPartial({
    upstreamProtocolOptions: {
      $case: 'useDownstreamProtocolConfig',
      value: { httpProtocolOptions: {}, http2ProtocolOptions: {} },
    },
  }),
);

export interface ClusterParts {
  readonly workload: string;
  /** Name of the EDS resource; `null` = the service's DNS names, in the cluster itself. */
  readonly endpoints: string | null;
  /** Of the edge; `null` = calls of nobody's budget. */
  readonly errorThreshold: number | null;
}

/** The cluster of one edge: statistics, breaker, outlier detection and connection pool of its own. */
export function buildEdgeCluster(service: ServicePlan, { workload, endpoints, errorThreshold }: ClusterParts): Cluster {
  return Cluster.fromPartial({
    name: edgeStatName(workload, service.service),
    ...(endpoints === null ? dnsDiscovery(service) : edsDiscovery(endpoints)),
    connectTimeout: durationMs(Math.min(CONNECT_TIMEOUT_MS, service.timeoutMs)),
    lbPolicy: Cluster_LbPolicy.LEAST_REQUEST,
    circuitBreakers: BREAKERS,
    outlierDetection: buildOutlierDetection({
      hasLevels: endpoints !== null && endpoints !== service.service,
      errorThreshold: service.ejectFailing ? errorThreshold : null,
    }),
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': CALLERS_PROTOCOL,
    },
  });
}

function edsDiscovery(serviceName: string) {
  return {
    clusterDiscoveryType: { $case: 'type' as const, value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { edsConfig: adsSource(ENDPOINTS_FETCH_TIMEOUT_MS), serviceName },
  };
}

function dnsDiscovery(service: ServicePlan) {
  return {
    clusterDiscoveryType: { $case: 'type' as const, value: Cluster_DiscoveryType.STRICT_DNS },
    dnsLookupFamily: Cluster_DnsLookupFamily.V4_PREFERRED,
    loadAssignment: buildLoadAssignment(service.service, [service.endpoints.map(addressOf)]),
  };
}
