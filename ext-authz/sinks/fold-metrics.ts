import {
  EDGE_CLUSTER_STATS,
  type EdgeStatOwner,
  NATIVE_REFUSED_STAT,
  parseEdgeStatName,
} from '../../core/substrate/edge-stats.ts';
import type { Metric, MetricFamily } from '../../proto/gen/io/prometheus/client/metrics.ts';
import { type EnvoyCounterName, EnvoyEdge } from './envoy-counters.ts';

/** Edges whose statistics are kept. */
export const ENVOY_EDGES_MAX = 20_000;
const EDGE_NAME_LENGTH_MAX = 160;

const EDGE_LABELS = ['envoy.cluster_name', 'envoy.local_http_ratelimit_prefix'];
const CLASS_LABEL = 'envoy.response_code_class';

const familyOf = (stat: string): string => `cluster.${stat}`;
/** Envoy's counters by the family's name, once tags have become labels. */
const COUNTERS = new Map<string, EnvoyCounterName>([
  [familyOf(EDGE_CLUSTER_STATS.attempts), 'attempts'],
  [familyOf(EDGE_CLUSTER_STATS.retries), 'retries'],
  [familyOf(EDGE_CLUSTER_STATS.timeouts), 'timeouts'],
  [familyOf(EDGE_CLUSTER_STATS.pendingRefused), 'pendingRefused'],
  [familyOf(EDGE_CLUSTER_STATS.activeRefused), 'activeRefused'],
  [NATIVE_REFUSED_STAT, 'nativeRefused'],
]);
/** `upstream_rq_5xx` once its class has become a label. */
const ANSWERS_BY_CLASS = familyOf('upstream_rq_xx');
const IN_FLIGHT = familyOf(EDGE_CLUSTER_STATS.inFlight);
const LATENCY = familyOf(EDGE_CLUSTER_STATS.latencyMs);

export interface EnvoyEdgeEntry extends EdgeStatOwner {
  readonly edge: EnvoyEdge;
}

/**
 * Everything that Envoy's stats sink said about the clusters `edge/<workload>/<service>`
 * since the sidecar started. The first flush is where counting starts: what Envoy
 * counted before belongs to an earlier sidecar.
 */
export class EnvoyStats {
  readonly #edges = new Map<string, EnvoyEdgeEntry>();
  #dropped = 0;

  /** Metrics that found no room. */
  get dropped(): number {
    return this.#dropped;
  }

  fold(families: readonly MetricFamily[], baseline: boolean): void {
    for (const family of families) {
      for (const metric of family.metric) this.#foldMetric(family.name ?? '', metric, baseline);
    }
  }

  entries(): Iterable<EnvoyEdgeEntry> {
    return this.#edges.values();
  }

  #foldMetric(name: string, metric: Metric, baseline: boolean): void {
    const counter = counterOf(name, metric);
    if (counter === undefined && name !== IN_FLIGHT && name !== LATENCY) return;
    const edge = this.#edgeOf(metric);
    if (edge === null) return;
    if (counter !== undefined) edge.counter(counter, metric.counter?.value ?? Number.NaN, baseline);
    else if (name === IN_FLIGHT) edge.gauge(metric.gauge?.value ?? Number.NaN);
    else if (metric.histogram !== undefined && !baseline) edge.histogram(metric.histogram);
  }

  #edgeOf(metric: Metric): EnvoyEdge | null {
    const name = metric.label.find((label) => EDGE_LABELS.includes(label.name ?? ''))?.value ?? '';
    const known = this.#edges.get(name);
    if (known !== undefined) return known.edge;
    const owner = parseEdgeStatName(name);
    if (owner === null || name.length > EDGE_NAME_LENGTH_MAX) return null;
    if (this.#edges.size >= ENVOY_EDGES_MAX) {
      this.#dropped += 1;
      return null;
    }
    const edge = new EnvoyEdge();
    this.#edges.set(name, { ...owner, edge });
    return edge;
  }
}

function counterOf(name: string, metric: Metric): EnvoyCounterName | undefined {
  if (name !== ANSWERS_BY_CLASS) return COUNTERS.get(name);
  return metric.label.some((label) => label.name === CLASS_LABEL && label.value === '5') ? 'answers5xx' : undefined;
}
