import type { NodeLease } from '../admission/node-lease.ts';
import type { CapacityPlan, LeasePlan } from '../allocators/capacity-plan.ts';
import { leasedOverlay } from '../allocators/lease-overlay.ts';
import type { KernelEffect, KernelEvent } from '../kernel/kernel-io.ts';
import { createKernel, type KernelState } from '../kernel/kernel-state.ts';
import { step } from '../kernel/step.ts';
import { TICK_INTERVAL_MAX_MS, TickTiming } from '../kernel/tick-timing.ts';
import { type EdgeKey, edgeKey, type MeshConfig } from '../mesh/mesh-config.ts';
import type { TelemetryFrame } from '../substrate/telemetry-frame.ts';
import type { Agenda } from './agenda.ts';
import type { MeshWatch } from './mesh-watch.ts';
import type { MessageBehaviour } from './message-behaviour.ts';
import type { ClusterSettings, FlushedEdge, SimulatedNode } from './simulated-node.ts';
import type { TimedAction } from './timed-action.ts';

interface ControlOptions {
  readonly config: MeshConfig;
  readonly random: () => number;
  readonly agenda: Agenda;
  readonly watch: MeshWatch;
}

/** UTC of second 0. */
const WALL_MS = 1_800_000_000_000;
/** Envoy flushes once a second, give or take this; its sidecar reads its own counters up to so much later. */
const FLUSH_JITTER_SEC = 0.01;
const SIDECAR_LAG_SEC = 0.02;
/** Phases of actions that are kept; the rest are only counted by the kernel. */
const ACTIONS_MAX = 100_000;

/**
 * The control plane of a simulated mesh: the product's kernel, told by frames and
 * ticks in the rhythm of the product's loop, and messengers that carry what it
 * decides to sidecars and Envoys, late or not at all.
 */
export class SimulatedControl {
  readonly kernel: KernelState = createKernel();
  readonly actions: TimedAction[] = [];
  readonly nodes = new Map<string, SimulatedNode>();
  /** Nodes that have a lease. */
  ready: readonly SimulatedNode[] = [];
  readonly clusters = new Map<EdgeKey, ClusterSettings>();
  messages: MessageBehaviour;
  readonly #options: ControlOptions;
  readonly #timing = new TickTiming(0);

  constructor(options: ControlOptions, messages: MessageBehaviour) {
    this.#options = options;
    this.messages = messages;
    this.#tell({ kind: 'config', config: options.config }, 0);
  }

  addNode(node: SimulatedNode, nowSec: number): void {
    this.nodes.set(node.name, node);
    this.#followNodes();
    this.#scheduleFlush(node, nowSec + this.#options.random(), nowSec);
  }

  removeNode(name: string): void {
    this.nodes.delete(name);
    this.#followNodes();
  }

  /** A frame is lost with a share of chance; the next one says it all again, as counters are cumulative. */
  #scheduleFlush(node: SimulatedNode, atSec: number, beforeSec: number): void {
    const { random, agenda } = this.#options;
    const flush = (): void => {
      if (this.nodes.get(node.name) !== node) return;
      const flushed = node.flush();
      const read = (nowSec: number): void => {
        const frame = this.#frameOf(node, flushed, beforeSec, atSec, nowSec);
        const { frameLossRatio, frameDelayMs } = this.messages;
        this.#send(frameLossRatio, frameDelayMs, nowSec, (arrivedSec) => {
          this.#tell({ kind: 'frame', frame, nowMs: 1000 * arrivedSec }, arrivedSec);
          this.#timing.frameArrived(node.name, 1000 * arrivedSec);
          this.#tickIfDue(arrivedSec);
        });
      };
      agenda.add(atSec + SIDECAR_LAG_SEC * random(), read, null);
      this.#scheduleFlush(node, atSec + 1 + FLUSH_JITTER_SEC * (2 * random() - 1), atSec);
    };
    agenda.add(atSec, flush, null);
  }

  #frameOf(
    node: SimulatedNode,
    flushed: readonly FlushedEdge[],
    beforeSec: number,
    atSec: number,
    nowSec: number,
  ): TelemetryFrame {
    return {
      mesh: this.#options.config.mesh,
      node: node.name,
      instance: node.instance,
      seq: node.nextSeq(),
      startMs: WALL_MS + 1000 * beforeSec,
      endMs: WALL_MS + 1000 * atSec,
      durationMs: 1000 * (atSec - beforeSec),
      edges: node.counters(flushed, nowSec),
      leaseSeq: node.leaseSeq,
      part: 0,
      parts: 1,
    };
  }

  readonly #tickIfDue = (nowSec: number): void => {
    const nowMs = 1000 * nowSec;
    if (!this.#timing.isDue(nowMs)) return;
    this.#timing.ticked(nowMs);
    this.#tell({ kind: 'tick', nowMs, wallMs: WALL_MS + nowMs }, nowSec);
    this.#options.watch.noteGates(this.kernel, nowSec);
    this.#options.agenda.add(nowSec + TICK_INTERVAL_MAX_MS / 1000, this.#tickIfDue, null);
  };

  #tell(event: KernelEvent, nowSec: number): void {
    for (const effect of step(this.kernel, event).effects) {
      if (effect.kind === 'emit-event') this.#noteAction(effect, nowSec);
      else this.#deliver(effect, nowSec);
    }
  }

  /** Every workload is told; once is enough here. */
  #noteAction({ event: { action } }: KernelEffect & { readonly kind: 'emit-event' }, atSec: number): void {
    const last = this.actions.at(-1);
    if (action === null || (last?.id === action.id && last.phase === action.phase && last.atSec === atSec)) return;
    if (this.actions.length < ACTIONS_MAX) this.actions.push({ ...action, atSec });
  }

  #deliver(effect: KernelEffect, writtenSec: number): void {
    const { leaseLossRatio, leaseDelayMs, planDelayMs } = this.messages;
    if (effect.kind === 'publish-plan') {
      this.#send(0, planDelayMs, writtenSec, () => this.#applyPlan(effect.plan));
    }
    if (effect.kind !== 'publish-leases') return;
    for (const lease of effect.leases) {
      this.#send(leaseLossRatio, leaseDelayMs, writtenSec, (nowSec) => {
        const node = this.nodes.get(lease.node);
        if (node === undefined || lease.seq < node.leaseSeq) return;
        node.applyLease(nodeLease(lease), nowSec, writtenSec);
        this.#followNodes();
      });
    }
  }

  #send(lossRatio: number, delayMs: number, nowSec: number, deliver: (nowSec: number) => void): void {
    if (lossRatio > 0 && this.#options.random() < lossRatio) return;
    if (delayMs > 0) this.#options.agenda.add(nowSec + delayMs / 1000, deliver, null);
    else deliver(nowSec);
  }

  #applyPlan(plan: CapacityPlan): void {
    this.clusters.clear();
    for (const { workload, service, breaker, retryBudgetPercent } of plan.services.flatMap(({ edges }) => edges)) {
      const maxRequests = breaker?.maxRequests ?? Number.POSITIVE_INFINITY;
      this.clusters.set(edgeKey(workload, service), { maxRequests, retryBudgetPercent });
    }
    for (const node of this.nodes.values()) node.applyClusters();
  }

  #followNodes(): void {
    this.ready = [...this.nodes.values()].filter((node) => node.isReady);
  }
}

/** A lease as its node reads it; plans hold no edge whose budget entitles nobody. */
const nodeLease = ({ epoch, seq, edges, anonymous = [] }: LeasePlan): NodeLease => ({
  epoch,
  seq,
  edges: edges.map((edge) => ({ ...edge, ...leasedOverlay(edge) })),
  anonymous,
});
