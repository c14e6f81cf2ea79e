import { EDGE_CLUSTER_STATS, NATIVE_REFUSED_STAT } from '../core/substrate/edge-stats.ts';
import { LATENCY_BOUNDS_MS } from '../core/substrate/latency-buckets.ts';
import { STATIC_CLUSTERS } from './static-clusters.ts';
import { EXTENSION_TYPES } from './type-urls.ts';

/** Statistics for those who run the node; a handful, so that a flush stays small. */
const OPERATING_STATS = [
  'listener_manager\\.(total_listeners_active|listener_create_failure|lds\\.update_rejected)',
  'cluster_manager\\.(active_clusters|cluster_modified|warming_clusters|cds\\.update_rejected)',
  'runtime\\.(num_keys|load_success|load_error)',
  'control_plane\\.connected_state',
  'http\\.mesh\\.(downstream_rq_total|downstream_rq_active|ext_authz\\.(ok|denied|error|failure_mode_allowed))',
];

const EDGE_STATS = [
  `cluster\\.edge/[^.]+\\.(${Object.values(EDGE_CLUSTER_STATS).join('|')})`,
  `edge/[^.]+\\.${NATIVE_REFUSED_STAT.replace('.', '\\.')}`,
];

/** Which statistics exist at all, and the bounds of the latency histogram. */
export function statsConfig(): object {
  return {
    stats_matcher: {
      inclusion_list: {
        patterns: [...EDGE_STATS, ...OPERATING_STATS].map((regex) => ({ safe_regex: { regex } })),
      },
    },
    histogram_bucket_settings: [{ match: { suffix: EDGE_CLUSTER_STATS.latencyMs }, buckets: LATENCY_BOUNDS_MS }],
  };
}

/** Sends every flush to the sidecar: cumulative counters, so that an outage of the sidecar loses none. */
export function statsSink(): object {
  return {
    name: 'envoy.stat_sinks.metrics_service',
    typed_config: {
      '@type': EXTENSION_TYPES.metricsService,
      transport_api_version: 'V3',
      grpc_service: { envoy_grpc: { cluster_name: STATIC_CLUSTERS.sinks } },
      report_counters_as_deltas: false,
      emit_tags_as_labels: true,
      histogram_emit_mode: 'HISTOGRAM',
      batch_size: 500,
    },
  };
}
