import type { RefusalReason } from '../admission/refusal-reason.ts';
import { GATES, type GateName, type GateStatus } from '../gates/gate-state.ts';
import type { KernelState } from '../kernel/kernel-state.ts';
import { CallTotals } from './call-totals.ts';
import { EdgeStory } from './edge-story.ts';
import { GateStory } from './gate-story.ts';
import type { SecondMeter } from './second-meter.ts';

export interface GateChange {
  readonly atSec: number;
  readonly service: string;
  readonly gate: GateName;
  readonly status: GateStatus;
  readonly worst: string;
  readonly reason: string;
  readonly evidence: Readonly<Record<string, number>>;
}

/** Changes of verdicts that are kept. */
const CHANGES_MAX = 100_000;

/** Watches a mesh from the outside: what callers got, and which verdicts the kernel came to. */
export class MeshWatch {
  /** Every change of a verdict since the simulation began. */
  readonly changes: GateChange[] = [];
  readonly totals = new CallTotals();
  readonly gates: Readonly<Record<GateName, GateStory>> = {
    fit: new GateStory(),
    gluing: new GateStory(),
    uv: new GateStory(),
    isolation: new GateStory(),
  };
  readonly #edges = new Map<string, EdgeStory>();
  readonly #seconds: SecondMeter | null;
  readonly #statuses = new Map<string, GateStatus>();

  /** @param seconds takes what happens from second to second */
  constructor(seconds: SecondMeter | null) {
    this.#seconds = seconds;
  }

  /** Forgets what callers got and how the gates stood so far. */
  restart(): void {
    this.totals.restart();
    for (const story of this.#edges.values()) story.restart();
    for (const gate of GATES) this.gates[gate].restart();
    this.#seconds?.restart();
  }

  edge(workload: string, service: string): EdgeStory {
    const key = `${workload}/${service}`;
    const known = this.#edges.get(key);
    if (known) return known;
    const story = new EdgeStory(workload, service);
    this.#seconds?.follow(story);
    this.#edges.set(key, story);
    return story;
  }

  edges(): Iterable<EdgeStory> {
    return this.#edges.values();
  }

  /** Attempts refused, by reason, over all edges. */
  refused(): Partial<Record<RefusalReason, number>> {
    const total: Partial<Record<RefusalReason, number>> = {};
    for (const { refused } of this.#edges.values()) {
      for (const [reason, count] of Object.entries(refused) as [RefusalReason, number][]) {
        total[reason] = (total[reason] ?? 0) + count;
      }
    }
    return total;
  }

  /** Latency that a share of an edge's answers stays below, ms. */
  quantileMs(workload: string, service: string, share: number): number {
    return this.edge(workload, service).latenciesMs.quantile(share);
  }

  /** Takes in the verdicts of a tick. */
  noteGates(kernel: KernelState, atSec: number): void {
    for (const gate of GATES) {
      this.gates[gate].note(
        [...kernel.services.values()].map(({ service, gates }) => ({ service, verdict: gates[gate] })),
      );
    }
    for (const { service, gates } of kernel.services.values()) {
      for (const gate of GATES) {
        const { status, worst, reason, evidence } = gates[gate];
        const key = `${service} ${gate}`;
        if (this.#statuses.get(key) === status) continue;
        this.#statuses.set(key, status);
        if (this.changes.length < CHANGES_MAX) {
          this.changes.push({ atSec, service, gate, status, worst, reason, evidence });
        }
      }
    }
  }

  failures(): GateChange[] {
    return this.changes.filter(({ status }) => status === 'FAIL');
  }
}
