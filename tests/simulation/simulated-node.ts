import { takeLevelMax } from '../../core/admission/arrival-meter.ts';
import { type CallClass, checkCall, createTokenShare, type TokenShare } from '../../core/admission/check-call.ts';
import { countAdmitted, countRefused, type EdgeRecord } from '../../core/admission/edge-record.ts';
import type { RefusalReason } from '../../core/admission/refusal-reason.ts';
import { type EdgeKey, edgeKey } from '../../core/mesh/mesh-config.ts';
import type { EdgeCounters } from '../../core/substrate/telemetry-frame.ts';
import { EdgeLedger } from '../../ext-authz/ledger/edge-ledger.ts';
import type { EnvoyEdgeCounters } from '../../ext-authz/sinks/envoy-counters.ts';
import type { Lease } from '../../proto/gen/capmesh/v1/lease.ts';
import { SimulatedCluster } from './simulated-cluster.ts';

/** An edge at one node: the sidecar's record with the caller's token, and Envoy's cluster. */
export interface NodeEdge {
  readonly record: EdgeRecord;
  readonly share: TokenShare;
  readonly cluster: SimulatedCluster;
}

/** One Envoy with its sidecar; the sidecar's ledger and checks are the real ones. */
export class SimulatedNode {
  readonly name: string;
  readonly instance: string;
  readonly #ledger: EdgeLedger;
  readonly #edges = new Map<EdgeKey, NodeEdge>();
  /** `max_requests` by edge. */
  readonly #breakers: ReadonlyMap<EdgeKey, number>;
  #lastWordSec = Number.NEGATIVE_INFINITY;
  #seq = 0;

  constructor(name: string, instance: string, breakers: ReadonlyMap<EdgeKey, number>, nowSec: number) {
    this.name = name;
    this.instance = instance;
    this.#ledger = new EdgeLedger(1000 * nowSec);
    this.#breakers = breakers;
  }

  /** It has a lease: until then no calls are sent to it. */
  get isReady(): boolean {
    return this.#ledger.leaseSeq > 0;
  }

  get leaseSeq(): number {
    return this.#ledger.leaseSeq;
  }

  nextSeq(): number {
    this.#seq++;
    return this.#seq;
  }

  applyLease(lease: Lease, nowSec: number): void {
    this.#ledger.applyLease(lease, 1000 * nowSec);
    this.#lastWordSec = nowSec;
  }

  /** Sets the breakers of all edges to those of the newest plan. */
  applyBreakers(): void {
    for (const [key, { cluster }] of this.#edges) cluster.maxRequests = this.#breakers.get(key) ?? 0;
  }

  edge(workload: string, service: string, nowSec: number): NodeEdge {
    const key = edgeKey(workload, service);
    const known = this.#edges.get(key);
    if (known) return known;
    const record = this.#ledger.findOrCount(workload, service, 1000 * nowSec);
    const edge: NodeEdge = {
      record,
      share: createTokenShare(null, record.limit, 1000 * nowSec),
      cluster: new SimulatedCluster(),
    };
    edge.cluster.maxRequests = this.#breakers.get(key) ?? 0;
    this.#edges.set(key, edge);
    return edge;
  }

  /** Why the call is refused, by the sidecar or the breaker; `null` = it goes on to the service. */
  refusal({ record, share, cluster }: NodeEdge, call: CallClass, nowSec: number): RefusalReason | null {
    const nowMs = 1000 * nowSec;
    const reason = checkCall(record, share, call, 1000 * (nowSec - this.#lastWordSec), nowMs);
    if (reason !== null) {
      countRefused(record, reason);
      return reason;
    }
    countAdmitted(record, nowMs);
    return cluster.lets(nowSec) ? null : 'breaker-open';
  }

  /** Envoy's half of the counters, as its flush tells them. */
  flush(nowSec: number): Map<EdgeKey, EnvoyEdgeCounters> {
    return new Map([...this.#edges].map(([key, { cluster }]) => [key, cluster.counters(nowSec)]));
  }

  /** The flush with the sidecar's own counters, which are read a moment later. */
  counters(flushed: ReadonlyMap<EdgeKey, EnvoyEdgeCounters>, nowSec: number): EdgeCounters[] {
    return [...flushed].flatMap(([key, envoy]): EdgeCounters[] => {
      const record = this.#edges.get(key)?.record;
      if (record === undefined) return [];
      const { workload, service, offered, admitted, refused, meter, guaranteeRps } = record;
      return [
        {
          workload,
          service,
          offered,
          admitted,
          refused: Object.fromEntries(refused),
          admittedLevelMax: takeLevelMax(meter, guaranteeRps, 1000 * nowSec),
          ...envoy,
        },
      ];
    });
  }
}
