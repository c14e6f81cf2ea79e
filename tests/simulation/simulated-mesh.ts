import { TICK_INTERVAL_MAX_MS, TickTiming } from '../../control-plane/loop/tick-timing.ts';
import { leaseMessage } from '../../control-plane/state/lease-message.ts';
import type { CapacityPlan } from '../../core/allocators/capacity-plan.ts';
import type { KernelEffect, KernelEvent } from '../../core/kernel/kernel-io.ts';
import { createKernel } from '../../core/kernel/kernel-state.ts';
import type { ServiceView } from '../../core/kernel/mesh-view.ts';
import { step } from '../../core/kernel/step.ts';
import { viewOf } from '../../core/kernel/view-of.ts';
import { type EdgeKey, edgeKey, type MeshConfig } from '../../core/mesh/mesh-config.ts';
import type { StabilityActionRecord } from '../../core/stability/stability-action.ts';
import { seededRandom } from '../../demo/seeded-random.ts';
import { frame } from '../support/mesh-fixtures.ts';
import { Agenda } from './agenda.ts';
import { CallSources, type InTime } from './call-sources.ts';
import { MeshWatch } from './mesh-watch.ts';
import { SimulatedNode } from './simulated-node.ts';
import { SimulatedPool } from './simulated-pool.ts';

export interface ServiceSketch {
  readonly endpoints?: number;
  /** Of each endpoint. */
  readonly workers: number;
  /** Mean work of a call, exponentially distributed. */
  readonly workMs: number;
  readonly errorRatio?: number;
  /** Mean calls to other services per call handled. */
  readonly calls?: Readonly<Record<string, number>>;
}

export interface MeshOptions {
  readonly seed: number;
  readonly nodes?: number;
}

const WALL_MS = 1_800_000_000_000;
/** From a decision to sidecars and Envoys. */
const ENFORCED_AFTER_SEC = 0.08;
/** Envoy flushes once a second, give or take this; its sidecar reads its own counters up to so much later. */
const FLUSH_JITTER_SEC = 0.01;
const SIDECAR_LAG_SEC = 0.02;
/** Calls prefer the first nodes. */
const NODE_SKEW = 1.3;

/**
 * A mesh of queues behind Envoys with sidecars, and the kernel that governs it:
 * Poisson calls, shared workers, nodes that flush each in its own rhythm and see
 * a random part of the calls. Plans, leases and actions are enforced by breakers
 * and real sidecar checks a moment after each tick, so that a refusal is one.
 * Same seed, same story.
 */
export class SimulatedMesh {
  readonly kernel = createKernel();
  readonly watch = new MeshWatch();
  readonly actions: (StabilityActionRecord & { readonly atSec: number })[] = [];
  sec = 0;
  readonly #config: MeshConfig;
  readonly #random: () => number;
  readonly #services: ReadonlyMap<string, ServiceSketch>;
  readonly #pools: ReadonlyMap<string, SimulatedPool>;
  readonly #sources: CallSources;
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #breakers = new Map<EdgeKey, number>();
  readonly #agenda = new Agenda();
  readonly #timing = new TickTiming(0);

  constructor(config: MeshConfig, services: Readonly<Record<string, ServiceSketch>>, options: MeshOptions) {
    const { seed, nodes = 2 } = options;
    this.#config = config;
    this.#random = seededRandom(seed);
    this.#sources = new CallSources(this.#random);
    this.#services = new Map(Object.entries(services));
    this.#pools = new Map(
      Object.entries(services).map(([name, { endpoints = 1, workers }]) => [
        name,
        new SimulatedPool(endpoints, workers),
      ]),
    );
    this.#tell({ kind: 'config', config }, 0);
    for (let i = 1; i <= nodes; i++) this.startNode(`node-${i}`);
  }

  /** Calls from outside, from now on. */
  offer(workload: string, service: string, rateRps: InTime, work: InTime = 1): void {
    this.#sources.set(workload, service, rateRps, work);
  }

  pool(service: string): SimulatedPool {
    const pool = this.#pools.get(service);
    if (!pool) throw new Error(`no service ${service}`);
    return pool;
  }

  /** A node starts, or starts again: its counters begin at zero, and it has no lease yet. */
  startNode(name: string): void {
    const instance = `${this.#nodes.get(name)?.instance ?? name}+`;
    const node = new SimulatedNode(name, instance, this.#breakers, this.sec);
    this.#nodes.set(name, node);
    this.#scheduleFlush(node, this.sec + this.#random(), this.sec);
  }

  stopNode(name: string): void {
    this.#nodes.delete(name);
  }

  run(seconds: number): void {
    for (const untilSec = this.sec + seconds; this.sec < untilSec; this.sec++) {
      for (const { atSec, source } of this.#sources.arrivals(this.sec)) {
        this.#agenda.runTo(atSec);
        this.#arrive(source.workload, source.service, atSec, source.work(this.sec));
      }
      this.#agenda.runTo(this.sec + 1);
    }
  }

  service(name: string): ServiceView {
    const view = viewOf(this.kernel, 1000 * this.sec).services.find((one) => one.service === name);
    if (!view) throw new Error(`no service ${name}`);
    return view;
  }

  /** Begins, confirmations and ends of actions, as `kind target phase cause`. */
  transcript(): string[] {
    return this.actions
      .filter(({ phase }) => phase !== 'changed')
      .map(({ kind, target, phase, endCause }) => [kind, target, phase, endCause].join(' ').trim());
  }

  /** Those of them that can turn calls away. */
  refusingActions(): string[] {
    return this.transcript().filter(
      (line) => !/^(freeze-learning|advise-batching|hold-rollout|shorten-leases) /.test(line),
    );
  }

  #arrive(workload: string, service: string, atSec: number, work: number): void {
    const ready = [...this.#nodes.values()].filter((node) => node.isReady);
    const node = ready[Math.floor(ready.length * this.#random() ** NODE_SKEW)];
    if (node) this.#call(node, workload, service, atSec, work);
  }

  #call(node: SimulatedNode, workload: string, service: string, atSec: number, work: number): void {
    const story = this.watch.edge(workload, service);
    const edge = node.edge(workload, service, atSec);
    const prio = this.#config.workloads.get(workload)?.prio ?? 0;
    story.offered++;
    const reason = node.refusal(edge, { prio, retry: false }, atSec);
    if (reason !== null) {
      story.refused[reason] = (story.refused[reason] ?? 0) + 1;
      return;
    }
    const { workMs = 0, errorRatio = 0, calls = {} } = this.#services.get(service) ?? {};
    const timeoutSec = (this.#config.services.get(service)?.timeoutMs ?? 0) / 1000;
    const workSec = (-Math.log(1 - this.#random()) * workMs * work) / 1000;
    const failed = this.#random() < errorRatio;
    const tookSec = this.pool(service).finishSec(atSec, workSec, timeoutSec) - atSec;
    const outcome = tookSec >= timeoutSec ? 'timeout' : failed ? 'failed' : 'good';
    const latencySec = Math.min(tookSec, timeoutSec);
    edge.cluster.note({ endSec: atSec + latencySec, latencyMs: 1000 * latencySec, outcome });
    if (outcome === 'timeout') story.timeouts++;
    else this.watch.noteAnswer(story, 1000 * latencySec);
    for (const [callee, mean] of Object.entries(calls)) {
      const whole = Math.floor(mean);
      const times = whole + (this.#random() < mean - whole ? 1 : 0);
      for (let i = 0; i < times; i++) this.#call(node, service, callee, atSec, 1);
    }
  }

  #scheduleFlush(node: SimulatedNode, atSec: number, beforeSec: number): void {
    this.#agenda.add(atSec, () => {
      if (this.#nodes.get(node.name) !== node) return;
      const flushed = node.flush(atSec);
      this.#agenda.add(atSec + SIDECAR_LAG_SEC * this.#random(), (nowSec) => {
        const edges = node.counters(flushed, nowSec);
        const { name, instance, leaseSeq } = node;
        const span = {
          startMs: WALL_MS + 1000 * beforeSec,
          endMs: WALL_MS + 1000 * atSec,
          durationMs: 1000 * (atSec - beforeSec),
        };
        const told = frame(node.nextSeq(), edges, { node: name, instance, leaseSeq, ...span });
        this.#tell({ kind: 'frame', frame: told, nowMs: 1000 * nowSec }, nowSec);
        this.#timing.frameArrived(name, 1000 * nowSec);
        this.#tickIfDue(nowSec);
      });
      this.#scheduleFlush(node, atSec + 1 + FLUSH_JITTER_SEC * (2 * this.#random() - 1), atSec);
    });
  }

  #tickIfDue(nowSec: number): void {
    const nowMs = 1000 * nowSec;
    if (!this.#timing.isDue(nowMs)) return;
    this.#timing.ticked(nowMs);
    this.#tell({ kind: 'tick', nowMs, wallMs: WALL_MS + nowMs }, nowSec);
    this.watch.noteGates(this.kernel, nowSec);
    this.#agenda.add(nowSec + TICK_INTERVAL_MAX_MS / 1000, (deadlineSec) => this.#tickIfDue(deadlineSec));
  }

  #tell(event: KernelEvent, nowSec: number): void {
    for (const effect of step(this.kernel, event).effects) {
      if (effect.kind === 'emit-event') this.#noteAction(effect, nowSec);
      else this.#agenda.add(nowSec + ENFORCED_AFTER_SEC, (atSec) => this.#enforce(effect, atSec));
    }
  }

  /** Every workload is told; once is enough here. */
  #noteAction({ event: { action } }: KernelEffect & { readonly kind: 'emit-event' }, atSec: number): void {
    const last = this.actions.at(-1);
    if (action === null || (last?.id === action.id && last.phase === action.phase && last.atSec === atSec)) return;
    this.actions.push({ ...action, atSec });
  }

  #enforce(effect: KernelEffect, nowSec: number): void {
    if (effect.kind === 'publish-plan') this.#applyPlan(effect.plan);
    if (effect.kind !== 'publish-leases') return;
    for (const lease of effect.leases) {
      this.#nodes.get(lease.node)?.applyLease(leaseMessage(lease, this.#config), nowSec);
    }
  }

  #applyPlan(plan: CapacityPlan): void {
    this.#breakers.clear();
    for (const edge of plan.services.flatMap(({ edges }) => edges)) {
      const maxRequests = edge.breaker?.maxRequests ?? Number.POSITIVE_INFINITY;
      this.#breakers.set(edgeKey(edge.workload, edge.service), maxRequests);
    }
    for (const node of this.#nodes.values()) node.applyBreakers();
  }
}
