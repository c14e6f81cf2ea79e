import type { KernelEffect, KernelEvent, NodeRollout } from '../../core/kernel/kernel-io.ts';
import { createKernel } from '../../core/kernel/kernel-state.ts';
import { step } from '../../core/kernel/step.ts';
import { edgeKey, type MeshConfig } from '../../core/mesh/mesh-config.ts';
import type { EdgeCounters } from '../../core/substrate/telemetry-frame.ts';
import { bucketOf, counters, frame } from './mesh-fixtures.ts';

/** What one node did with each edge in one second. */
export interface NodeSecond {
  readonly calls: number;
  readonly attempts?: number;
  readonly retries?: number;
  readonly breakerRefused?: number;
  readonly nativeRefused?: number;
  readonly inFlight?: number;
  /** Of the bucket of admitted arrivals. */
  readonly level?: number;
  /** Middle of the spread of latencies; 20 by default. */
  readonly latencyMs?: number;
}

/** Plays seconds of steady calls, as nodes report them, into a kernel. */
export class MeshPlayer {
  readonly kernel = createKernel();
  readonly effects: KernelEffect[] = [];
  rollout: readonly NodeRollout[] = [];
  /** Nodes that do not acknowledge leases. */
  readonly deaf = new Set<string>();
  readonly #config: MeshConfig;
  readonly #counters = new Map<string, EdgeCounters>();
  readonly #tell: (event: KernelEvent) => readonly KernelEffect[];
  /** Newest lease of each node. */
  readonly #leaseSeqs = new Map<string, number>();
  #sec = 0;

  /** @param tell takes the events instead of `kernel` */
  constructor(config: MeshConfig, tell?: (event: KernelEvent) => readonly KernelEffect[]) {
    this.#config = config;
    this.#tell = tell ?? ((event) => step(this.kernel, event).effects);
    this.#take({ kind: 'config', config });
  }

  get nowMs(): number {
    return 1000 * this.#sec;
  }

  /** The same for every edge. */
  seconds(count: number, nodes: Readonly<Record<string, NodeSecond>>): void {
    for (let i = 0; i < count; i++) {
      this.second(
        Object.fromEntries(
          Object.entries(nodes).map(([node, did]) => [
            node,
            Object.fromEntries([...this.#config.budgets.keys()].map((edge) => [edge, did])),
          ]),
        ),
      );
    }
  }

  /** One second, by node and edge. */
  second(nodes: Readonly<Record<string, Readonly<Record<string, NodeSecond>>>>): void {
    this.#sec++;
    for (const [node, edges] of Object.entries(nodes)) {
      const leaseSeq = this.deaf.has(node) ? 0 : (this.#leaseSeqs.get(node) ?? 0);
      const counted = [...this.#config.budgets.values()].map(({ workload, service }) =>
        this.#count(node, workload, service, edges[edgeKey(workload, service)]),
      );
      this.#take({ kind: 'frame', frame: frame(this.#sec, counted, { node, leaseSeq }), nowMs: this.nowMs });
    }
    if (this.rollout.length > 0) this.#take({ kind: 'rollout', nodes: this.rollout, nowMs: this.nowMs });
    this.#take({ kind: 'tick', nowMs: this.nowMs, wallMs: 1_800_000_000_000 + this.nowMs });
  }

  #take(event: KernelEvent): void {
    const effects = this.#tell(event);
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect.kind !== 'publish-leases') continue;
      for (const { node, seq } of effect.leases) this.#leaseSeqs.set(node, seq);
    }
  }

  #count(node: string, workload: string, service: string, did: NodeSecond = { calls: 0 }): EdgeCounters {
    const name = `${node}/${edgeKey(workload, service)}`;
    const before = this.#counters.get(name) ?? counters(workload, service);
    const { calls, attempts = calls, retries = 0, breakerRefused = 0, nativeRefused = 0, latencyMs = 20 } = did;
    const middle = bucketOf(latencyMs);
    const spread = [0.1, 0.2, 0.4, 0.2, 0.1];
    const edge: EdgeCounters = {
      ...before,
      offered: before.offered + calls,
      admitted: before.admitted + calls,
      attempts: before.attempts + attempts,
      retries: before.retries + retries,
      breakerRefused: before.breakerRefused + breakerRefused,
      nativeRefused: before.nativeRefused + nativeRefused,
      admittedLevelMax: did.level ?? 0,
      inFlight: did.inFlight ?? Math.round((latencyMs * calls) / 1000),
      latencyBuckets: before.latencyBuckets.map((count, k) => count + attempts * (spread[k - middle + 2] ?? 0)),
      latencySumMs: before.latencySumMs + latencyMs * attempts,
    };
    this.#counters.set(name, edge);
    return edge;
  }
}
