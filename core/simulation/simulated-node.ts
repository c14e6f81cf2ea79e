import { takeLevelMax } from '../admission/arrival-meter.ts';
import { type CallClass, checkCall, createTokenShare } from '../admission/check-call.ts';
import { EdgeLedger } from '../admission/edge-ledger.ts';
import { countAdmitted, countRefused, type EdgeRecord } from '../admission/edge-record.ts';
import type { NodeLease } from '../admission/node-lease.ts';
import type { RefusalReason } from '../admission/refusal-reason.ts';
import { type EdgeKey, edgeKey } from '../mesh/mesh-config.ts';
import type { EdgeCounters, EnvoyEdgeCounters } from '../substrate/telemetry-frame.ts';
import type { CallRoute } from './call-route.ts';
import type { NodeEdge } from './node-edge.ts';
import { SimulatedCluster } from './simulated-cluster.ts';

/** What the newest plan says about an edge's cluster. */
export interface ClusterSettings {
  readonly maxRequests: number;
  readonly retryBudgetPercent: number;
}

export interface FlushedEdge {
  readonly record: EdgeRecord;
  readonly envoy: EnvoyEdgeCounters;
}

/** One Envoy with its sidecar; the sidecar's ledger and checks are those of the product. */
export class SimulatedNode {
  readonly name: string;
  readonly instance: string;
  readonly #ledger: EdgeLedger;
  readonly #edges = new Map<CallRoute, NodeEdge>();
  readonly #clusters: ReadonlyMap<EdgeKey, ClusterSettings>;
  /** Without it every call is let pass, and only counted. */
  readonly #enforced: boolean;
  #lastWordSec = Number.NEGATIVE_INFINITY;
  #seq = 0;

  constructor(
    name: string,
    instance: string,
    clusters: ReadonlyMap<EdgeKey, ClusterSettings>,
    enforced: boolean,
    nowSec: number,
  ) {
    this.name = name;
    this.instance = instance;
    this.#ledger = new EdgeLedger(1000 * nowSec);
    this.#clusters = clusters;
    this.#enforced = enforced;
  }

  /** It has a lease: until then no calls are sent to it, unless it lets every call pass. */
  get isReady(): boolean {
    return !this.#enforced || this.#ledger.leaseSeq > 0;
  }

  get leaseSeq(): number {
    return this.#ledger.leaseSeq;
  }

  nextSeq(): number {
    this.#seq++;
    return this.#seq;
  }

  /** @param writtenSec when the control plane wrote it */
  applyLease(lease: NodeLease, nowSec: number, writtenSec: number): void {
    this.#ledger.applyLease(lease, 1000 * nowSec, 1000 * writtenSec);
    this.#lastWordSec = nowSec;
  }

  /** Sets the clusters of all edges to those of the newest plan. */
  applyClusters(): void {
    for (const [route, { cluster }] of this.#edges) this.#applyTo(route, cluster);
  }

  edge(route: CallRoute, nowSec: number): NodeEdge {
    const known = this.#edges.get(route);
    if (known) return known;
    const record = this.#ledger.findOrCount(route.workload, route.service, 1000 * nowSec);
    const edge: NodeEdge = {
      record,
      share: createTokenShare(null, record.limit, 1000 * nowSec),
      cluster: new SimulatedCluster(),
    };
    this.#applyTo(route, edge.cluster);
    this.#edges.set(route, edge);
    return edge;
  }

  /** Why the call is refused, by the sidecar or the breaker; `null` = it goes on to the service. */
  refusal({ record, share, cluster }: NodeEdge, call: CallClass, nowSec: number): RefusalReason | null {
    const nowMs = 1000 * nowSec;
    if (call.retry) record.retries++;
    const silentMs = 1000 * (nowSec - this.#lastWordSec);
    const reason = this.#enforced ? checkCall(record, share, call, silentMs, nowMs) : null;
    if (reason !== null) {
      countRefused(record, reason);
      return reason;
    }
    countAdmitted(record, nowMs);
    return cluster.lets() ? null : 'breaker-open';
  }

  /** Envoy's half of the counters, as its flush tells them. */
  flush(): FlushedEdge[] {
    return [...this.#edges.values()].map(({ record, cluster }) => ({ record, envoy: cluster.counters() }));
  }

  /** The flush with the sidecar's own counters, which are read a moment later. */
  counters(flushed: readonly FlushedEdge[], nowSec: number): EdgeCounters[] {
    return flushed.map(({ record, envoy }) => {
      const { workload, service, offered, admitted, retries, refused, meter, guaranteeRps } = record;
      return {
        attempts: envoy.attempts,
        failures: envoy.failures,
        timeouts: envoy.timeouts,
        breakerRefused: envoy.breakerRefused,
        nativeRefused: envoy.nativeRefused,
        inFlight: envoy.inFlight,
        latencyBuckets: envoy.latencyBuckets,
        latencySumMs: envoy.latencySumMs,
        workload,
        service,
        offered,
        admitted,
        refused: Object.fromEntries(refused),
        admittedLevelMax: takeLevelMax(meter, guaranteeRps, 1000 * nowSec),
        retries: retries + envoy.retries,
      };
    });
  }

  #applyTo({ workload, service }: CallRoute, cluster: SimulatedCluster): void {
    if (!this.#enforced) return;
    const settings = this.#clusters.get(edgeKey(workload, service));
    cluster.maxRequests = settings?.maxRequests ?? 0;
    if (settings) cluster.retryBudgetPercent = settings.retryBudgetPercent;
  }
}
