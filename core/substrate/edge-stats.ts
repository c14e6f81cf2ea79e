/**
 * Vocabulary of the statistics that a node's proxy reports about its edges: the
 * bootstrap asks for exactly these and the sidecar folds exactly these into frames.
 * Counters are cumulative since the proxy started; a decrease is a restart (CONTRACT §F).
 */

/** Statistics per upstream cluster `edge/<workload>/<service>`, by what they mean to a frame. */
export const EDGE_CLUSTER_STATS = {
  /** Counter: attempts that reached the breaker and passed it, retries included. */
  attempts: 'upstream_rq_total',
  /** Gauge. */
  inFlight: 'upstream_rq_active',
  /** Histogram in ms with the bounds of `latency-buckets.ts`, per interval. */
  latencyMs: 'upstream_rq_time',
  retries: 'upstream_rq_retry',
  timeouts: 'upstream_rq_timeout',
  /** Counts breaker refusals, time-outs and connection failures too, since their answers are 5xx. */
  answers5xx: 'upstream_rq_5xx',
  resetsByService: 'upstream_rq_rx_reset',
  resetsByProxy: 'upstream_rq_tx_reset',
  connectFailures: 'upstream_cx_connect_fail',
  /** Refusals by the breaker for max_pending_requests or max_connections. */
  pendingRefused: 'upstream_rq_pending_overflow',
  /** Refusals by the breaker for max_requests; a counter of its own since Envoy 1.40. */
  activeRefused: 'upstream_rq_active_overflow',
} as const;

/** Counter under the edge's own prefix: refusals by the edge's native rate limit (backstop or safe bucket). */
export const NATIVE_REFUSED_STAT = 'http_local_rate_limit.rate_limited';

/** Workload name that stands for callers whose identity is not known. */
export const UNVERIFIED_WORKLOAD = '~unverified';

const EDGE_PREFIX = 'edge/';

/** Name of an edge's cluster and of its native rate limit: `edge/<workload>/<service>`. */
export const edgeStatName = (workload: string, service: string): string => `${EDGE_PREFIX}${workload}/${service}`;

export interface EdgeStatOwner {
  readonly workload: string;
  readonly service: string;
}

/** The edge that `edge/<workload>/<service>` names; `null` for anything else. */
export function parseEdgeStatName(name: string): EdgeStatOwner | null {
  if (!name.startsWith(EDGE_PREFIX)) return null;
  const [workload, service, ...rest] = name.slice(EDGE_PREFIX.length).split('/');
  if (!workload || !service || rest.length > 0) return null;
  return { workload, service };
}
