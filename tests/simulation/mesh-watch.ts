import type { RefusalReason } from '../../core/admission/refusal-reason.ts';
import { GATES, type GateName } from '../../core/gates/gate-state.ts';
import type { KernelState } from '../../core/kernel/kernel-state.ts';

/** Latencies are kept in steps of 1 %. */
const STEPS_PER_LN = 100;

export interface GateChange {
  readonly atSec: number;
  readonly service: string;
  readonly gate: GateName;
  readonly status: string;
  readonly worst: string;
  readonly reason: string;
  readonly evidence: Readonly<Record<string, number>>;
}

/** What callers of an edge saw. */
export interface EdgeStory {
  offered: number;
  refused: Partial<Record<RefusalReason, number>>;
  /** Calls answered in time, failed ones too. */
  answered: number;
  timeouts: number;
  /** Answers by ⌊100·ln(latency in ms)⌋. */
  readonly latencies: Map<number, number>;
}

const emptyStory = (): EdgeStory => ({ offered: 0, refused: {}, answered: 0, timeouts: 0, latencies: new Map() });

/** Watches a mesh from the outside: what callers got, and which verdicts the kernel came to. */
export class MeshWatch {
  readonly changes: GateChange[] = [];
  #edges = new Map<string, EdgeStory>();
  readonly #statuses = new Map<string, string>();

  /** Forgets what callers got so far. */
  restart(): void {
    this.#edges = new Map();
  }

  edge(workload: string, service: string): EdgeStory {
    const key = `${workload}/${service}`;
    const known = this.#edges.get(key);
    if (known) return known;
    const story = emptyStory();
    this.#edges.set(key, story);
    return story;
  }

  noteAnswer(story: EdgeStory, latencyMs: number): void {
    story.answered++;
    const step = Math.floor(STEPS_PER_LN * Math.log(latencyMs));
    story.latencies.set(step, (story.latencies.get(step) ?? 0) + 1);
  }

  /** Calls refused, by reason, over all edges. */
  refused(): Partial<Record<RefusalReason, number>> {
    const total: Partial<Record<RefusalReason, number>> = {};
    for (const { refused } of this.#edges.values()) {
      for (const [reason, count] of Object.entries(refused) as [RefusalReason, number][]) {
        total[reason] = (total[reason] ?? 0) + count;
      }
    }
    return total;
  }

  /** Latency that a share of an edge's answers stays below. */
  quantileMs(workload: string, service: string, share: number): number {
    const { answered, latencies } = this.edge(workload, service);
    let below = 0;
    for (const [step, count] of [...latencies].sort(([a], [b]) => a - b)) {
      below += count;
      if (below >= share * answered) return Math.exp((step + 0.5) / STEPS_PER_LN);
    }
    return Number.NaN;
  }

  noteGates(kernel: KernelState, atSec: number): void {
    for (const { service, gates } of kernel.services.values()) {
      for (const gate of GATES) {
        const { status, worst, reason, evidence } = gates[gate];
        const key = `${service} ${gate}`;
        if (this.#statuses.get(key) === status) continue;
        this.#statuses.set(key, status);
        this.changes.push({ atSec, service, gate, status, worst, reason, evidence });
      }
    }
  }

  failures(): GateChange[] {
    return this.changes.filter(({ status }) => status === 'FAIL');
  }
}
