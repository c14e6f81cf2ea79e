import { GATES, type GateName } from '../../core/gates/gate-state.ts';
import type { KernelEvent } from '../../core/kernel/kernel-io.ts';
import { createKernel } from '../../core/kernel/kernel-state.ts';
import type { ServiceView } from '../../core/kernel/mesh-view.ts';
import { step } from '../../core/kernel/step.ts';
import { viewOf } from '../../core/kernel/view-of.ts';
import { type EdgeKey, edgeKey, type MeshConfig } from '../../core/mesh/mesh-config.ts';
import type { StabilityActionRecord } from '../../core/stability/stability-action.ts';
import { frame } from '../support/mesh-fixtures.ts';
import { seededRandom } from '../support/simulated-service.ts';
import { NodeCounters } from './node-counters.ts';
import { SimulatedPool } from './simulated-pool.ts';

export interface SimulatedServiceSketch {
  readonly workers: number;
  /** Mean work of a call, exponentially distributed. */
  readonly workMs: number;
  readonly errorRatio?: number;
  /** Mean calls to other services per call handled. */
  readonly calls?: Readonly<Record<string, number>>;
}

interface Source {
  readonly workload: string;
  readonly service: string;
  /** Calls per second at a time. */
  readonly rateRps: (sec: number) => number;
  /** Work of its calls in units of the service's own. */
  readonly work: number;
  nextSec: number;
}

interface SimulatedNode {
  instance: string;
  seq: number;
  up: boolean;
  edges: Map<EdgeKey, NodeCounters>;
}

interface GateChange {
  readonly atSec: number;
  readonly service: string;
  readonly gate: GateName;
  readonly status: string;
  readonly worst: string;
  readonly reason: string;
  readonly evidence: Readonly<Record<string, number>>;
}

/**
 * A mesh of queues that counts as Envoys with sidecars do, and a kernel that
 * watches it: Poisson calls, shared workers, several nodes that each see a random
 * part of the calls. Same seed, same story.
 */
export class SimulatedMesh {
  readonly kernel = createKernel();
  readonly changes: GateChange[] = [];
  readonly actions: StabilityActionRecord[] = [];
  sec = 0;
  readonly #random: () => number;
  readonly #services: ReadonlyMap<string, SimulatedServiceSketch>;
  readonly #pools: ReadonlyMap<string, SimulatedPool>;
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #sources: Source[] = [];
  readonly #slowness = new Map<string, number>();
  readonly #statuses = new Map<string, string>();

  constructor(
    config: MeshConfig,
    services: Readonly<Record<string, SimulatedServiceSketch>>,
    { nodes = 2, seed = 1 }: { readonly nodes?: number; readonly seed?: number } = {},
  ) {
    this.#random = seededRandom(seed);
    this.#services = new Map(Object.entries(services));
    this.#pools = new Map(Object.entries(services).map(([name, { workers }]) => [name, new SimulatedPool(workers)]));
    for (let i = 1; i <= nodes; i++) this.startNode(`node-${i}`);
    this.#take({ kind: 'config', config });
  }

  /** Calls from outside. */
  offer(workload: string, service: string, rateRps: number | ((sec: number) => number), work = 1): void {
    const rate = typeof rateRps === 'number' ? () => rateRps : rateRps;
    const known = this.#sources.findIndex((source) => source.workload === workload && source.service === service);
    if (known >= 0) this.#sources.splice(known, 1);
    this.#sources.push({ workload, service, rateRps: rate, work, nextSec: this.sec });
  }

  /** A node starts, or starts again: its counters begin at zero. */
  startNode(name: string): void {
    const before = this.#nodes.get(name);
    this.#nodes.set(name, { instance: `${before?.instance ?? name}+`, seq: 0, up: true, edges: new Map() });
  }

  stopNode(name: string): void {
    const node = this.#nodes.get(name);
    if (node) node.up = false;
  }

  restartService(name: string, workers: number): void {
    this.#pools.get(name)?.restart(workers, this.sec);
  }

  /** Every call takes so many times longer from now on. */
  slowDown(name: string, factor: number): void {
    this.#slowness.set(name, factor);
  }

  /** Over the gates' window. */
  meanLatencyMs(name: string): number {
    const edges = [...(this.kernel.services.get(name)?.edges.values() ?? [])];
    const total = edges.map(({ sums }) => sums);
    const answers = total.reduce((sum, each) => sum + each.answers, 0);
    return total.reduce((sum, each) => sum + each.latencySumMs, 0) / answers;
  }

  run(seconds: number): void {
    for (let i = 0; i < seconds; i++) this.#second();
  }

  service(name: string): ServiceView {
    const view = viewOf(this.kernel, 1000 * this.sec).services.find((one) => one.service === name);
    if (!view) throw new Error(`no service ${name}`);
    return view;
  }

  failures(): readonly GateChange[] {
    return this.changes.filter(({ status }) => status === 'FAIL');
  }

  #second(): void {
    const up = [...this.#nodes.values()].filter((node) => node.up);
    for (const source of this.#sources) this.#arrivals(source);
    this.#dispatch(up);
    const nowMs = 1000 * (this.sec + 1);
    for (const [name, node] of this.#nodes) {
      if (!node.up) continue;
      node.seq++;
      const edges = [...node.edges.values()].map((counters) => counters.endOf(this.sec));
      const leaseSeq = this.kernel.book.nodes.get(name)?.newest.seq ?? 0;
      const startMs = nowMs - 1000;
      const told = frame(node.seq, edges, { node: name, instance: node.instance, leaseSeq, startMs, endMs: nowMs });
      this.#take({ kind: 'frame', frame: told, nowMs });
    }
    this.sec++;
    this.#take({ kind: 'tick', nowMs, wallMs: 1_800_000_000_000 + nowMs });
    this.#note();
  }

  readonly #calls: { atSec: number; source: Source }[] = [];

  /** Poisson arrivals of one source within this second. */
  #arrivals(source: Source): void {
    const endSec = this.sec + 1;
    for (;;) {
      const rate = source.rateRps(source.nextSec);
      if (!(rate > 0)) {
        source.nextSec = endSec;
        return;
      }
      const atSec = source.nextSec - Math.log(1 - this.#random()) / rate;
      // Memoryless: what falls into a later second is drawn anew there, at the rate of that second.
      if (atSec >= endSec) {
        source.nextSec = endSec;
        return;
      }
      source.nextSec = atSec;
      this.#calls.push({ atSec, source });
    }
  }

  #dispatch(up: readonly SimulatedNode[]): void {
    this.#calls.sort((a, b) => a.atSec - b.atSec);
    for (const { atSec, source } of this.#calls) {
      const node = up[Math.floor(up.length * this.#random() ** 1.3)];
      if (node) this.#call(node, source.workload, source.service, atSec, source.work);
    }
    this.#calls.length = 0;
  }

  #call(node: SimulatedNode, workload: string, service: string, atSec: number, work: number): void {
    const sketch = this.#services.get(service);
    const pool = this.#pools.get(service);
    if (!sketch || !pool) return;
    const workSec = (-Math.log(1 - this.#random()) * sketch.workMs * work * (this.#slowness.get(service) ?? 1)) / 1000;
    const key = edgeKey(workload, service);
    let counters = node.edges.get(key);
    if (counters === undefined) {
      counters = new NodeCounters(workload, service);
      node.edges.set(key, counters);
    }
    counters.call(atSec, pool.finishSec(atSec, workSec), this.#random() < (sketch.errorRatio ?? 0));
    for (const [callee, mean] of Object.entries(sketch.calls ?? {})) {
      const whole = Math.floor(mean);
      const calls = whole + (this.#random() < mean - whole ? 1 : 0);
      for (let i = 0; i < calls; i++) this.#call(node, service, callee, atSec, 1);
    }
  }

  #take(event: KernelEvent): void {
    for (const effect of step(this.kernel, event).effects) {
      if (effect.kind === 'emit-event' && effect.event.action !== null) this.actions.push(effect.event.action);
    }
  }

  #note(): void {
    for (const { service, gates } of this.kernel.services.values()) {
      for (const gate of GATES) {
        const { status, worst, reason, evidence } = gates[gate];
        const key = `${service} ${gate}`;
        if (this.#statuses.get(key) === status) continue;
        this.#statuses.set(key, status);
        this.changes.push({ atSec: this.sec, service, gate, status, worst, reason, evidence });
      }
    }
  }
}
