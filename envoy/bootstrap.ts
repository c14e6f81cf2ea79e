import type { Locality } from '../core/mesh/service-endpoint.ts';
import { statsConfig, statsSink } from './bootstrap-stats.ts';
import { INITIAL_FETCH_TIMEOUT_MS } from './config-sources.ts';
import { durationText } from './duration.ts';
import { type EndpointAddress, isIpLiteral } from './endpoint-address.ts';
import { RUNTIME_LAYER } from './runtime-layer.ts';
import { STATIC_CLUSTERS } from './static-clusters.ts';
import { EXTENSION_TYPES } from './type-urls.ts';

/** A TCP address or the path of a unix socket. */
export type ServerAddress = EndpointAddress | { readonly path: string };

export interface BootstrapOptions {
  readonly nodeId: string;
  /** Name of the mesh; becomes Envoy's cluster name. */
  readonly mesh: string;
  /** Where the node runs; C_geo counts levels from there. Absent = every endpoint is as near as the next. */
  readonly locality?: Locality | undefined;
  readonly admin: EndpointAddress;
  /** Where the mesh listener of this node listens; the control plane renders it. */
  readonly listener: EndpointAddress;
  /** ADS over gRPC. */
  readonly controlPlane: EndpointAddress;
  /** Files for TLS towards the control plane; absent = plain text. */
  readonly controlPlaneTls?: ClientTlsFiles;
  /** The sidecar's check door. */
  readonly check: ServerAddress;
  /** The sidecar's door for statistics. */
  readonly sinks: ServerAddress;
  /** Collector of OpenTelemetry spans over gRPC; absent = none are made. */
  readonly traceCollector?: EndpointAddress | undefined;
  /** Incremental xDS (default) or state of the world. */
  readonly mode?: 'delta' | 'sotw';
  /** Default 1000 ms. */
  readonly statsFlushIntervalMs?: number;
  /** Bound of client connections; default 20 000. */
  readonly downstreamConnectionsMax?: number;
}

export interface ClientTlsFiles {
  readonly caFile: string;
  readonly serverName: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** Key of the node metadata that is true where the node has a collector of spans. */
export const TRACES_METADATA_KEY = 'capmesh_traces';

/** Key of the node metadata in which a node tells the control plane where it listens, as `{host, port}`. */
export const LISTENER_METADATA_KEY = 'capmesh_listener';

/**
 * Envoy's bootstrap, to be written as JSON. (YAML would turn a node named `on`
 * into a boolean.) Everything else comes over ADS.
 */
export function buildBootstrap(options: BootstrapOptions): object {
  return {
    node: {
      id: options.nodeId,
      cluster: options.mesh,
      ...(options.locality === undefined ? {} : { locality: localityOf(options.locality) }),
      metadata: {
        [LISTENER_METADATA_KEY]: { host: options.listener.host, port: options.listener.port },
        ...(options.traceCollector && { [TRACES_METADATA_KEY]: true }),
      },
    },
    admin: { address: address(options.admin) },
    dynamic_resources: dynamicResources(options.mode ?? 'delta'),
    static_resources: {
      clusters: [
        controlPlaneCluster(options),
        grpcCluster(STATIC_CLUSTERS.sidecar, options.check, SIDECAR_EJECTION),
        grpcCluster(STATIC_CLUSTERS.sinks, options.sinks, {}),
        ...(options.traceCollector ? [grpcCluster(STATIC_CLUSTERS.traces, options.traceCollector, {})] : []),
      ],
    },
    layered_runtime: layeredRuntime(),
    stats_config: statsConfig(),
    stats_sinks: [statsSink()],
    stats_flush_interval: durationText(options.statsFlushIntervalMs ?? 1_000),
    overload_manager: connectionBound(options.downstreamConnectionsMax ?? 20_000),
  };
}

const localityOf = ({ region, zone, subZone }: Locality): object => ({ region, zone, sub_zone: subZone });

/** Envoy's own back-off grows to 30 s: too long for a control plane that is back after one. */
const RECONNECT = { retry_back_off: { base_interval: '0.25s', max_interval: '2s' } };

function dynamicResources(mode: 'delta' | 'sotw'): object {
  return {
    ads_config: {
      api_type: mode === 'delta' ? 'DELTA_GRPC' : 'GRPC',
      transport_api_version: 'V3',
      grpc_services: [{ envoy_grpc: { cluster_name: STATIC_CLUSTERS.controlPlane, retry_policy: RECONNECT } }],
    },
    cds_config: ads(),
    lds_config: ads(),
  };
}

/** The control plane's overrides, and above them what an operator sets at the admin port. */
function layeredRuntime(): object {
  return {
    layers: [
      { name: RUNTIME_LAYER, rtds_layer: { name: RUNTIME_LAYER, rtds_config: ads() } },
      { name: 'admin', admin_layer: {} },
    ],
  };
}

function ads(): object {
  return { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: durationText(INITIAL_FETCH_TIMEOUT_MS) };
}

function controlPlaneCluster(options: BootstrapOptions): object {
  const tls = options.controlPlaneTls;
  return grpcCluster(STATIC_CLUSTERS.controlPlane, options.controlPlane, {
    // A dead peer without this would hold the stream open for minutes.
    upstream_connection_options: { tcp_keepalive: { keepalive_time: 10, keepalive_interval: 5, keepalive_probes: 3 } },
    ...(tls === undefined ? {} : { transport_socket: upstreamTls(tls) }),
  });
}

function upstreamTls(tls: ClientTlsFiles): object {
  const certificate =
    tls.certFile === undefined || tls.keyFile === undefined
      ? {}
      : {
          tls_certificates: [{ certificate_chain: { filename: tls.certFile }, private_key: { filename: tls.keyFile } }],
        };
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': EXTENSION_TYPES.upstreamTls,
      sni: tls.serverName,
      common_tls_context: {
        ...certificate,
        alpn_protocols: ['h2'],
        validation_context: {
          trusted_ca: { filename: tls.caFile },
          match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: tls.serverName } }],
        },
      },
    },
  };
}

/** Turns a hung sidecar from a time-out per call into a fast answer, and is over one second after its recovery. */
const SIDECAR_EJECTION = {
  outlier_detection: {
    consecutive_gateway_failure: 5,
    enforcing_consecutive_gateway_failure: 100,
    interval: durationText(500),
    base_ejection_time: durationText(1_000),
    max_ejection_time: durationText(2_000),
    max_ejection_percent: 100,
  },
  common_lb_config: { healthy_panic_threshold: { value: 0 } },
};

function grpcCluster(name: string, server: ServerAddress, extra: object): object {
  const isName = 'host' in server && !isIpLiteral(server.host);
  return {
    name,
    type: isName ? 'STRICT_DNS' : 'STATIC',
    connect_timeout: durationText(1_000),
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': EXTENSION_TYPES.httpProtocolOptions,
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(server) } }] }],
    },
    ...extra,
  };
}

function address(server: ServerAddress): object {
  if ('path' in server) return { pipe: { path: server.path } };
  return { socket_address: { address: server.host, port_value: server.port } };
}

function connectionBound(connectionsMax: number): object {
  return {
    resource_monitors: [
      {
        name: 'envoy.resource_monitors.global_downstream_max_connections',
        typed_config: {
          '@type': EXTENSION_TYPES.downstreamConnectionsMonitor,
          max_active_downstream_connections: connectionsMax,
        },
      },
    ],
  };
}
