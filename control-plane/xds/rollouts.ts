import type { Nack } from './nack.ts';

/** How far one published revision has got. */
export interface Rollout {
  readonly revision: number;
  /** Nodes connected when it was published. */
  readonly nodesTotal: number;
  /** Nodes that have acknowledged everything in it, endpoints after changed clusters included. */
  readonly nodesApplied: number;
  /** From publishing to the last acknowledgement, over the nodes that applied it; 0 without any. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Resources that nodes refuse, which is why they have not applied it. */
  readonly nacks: readonly Nack[];
}

interface OpenRollout {
  readonly revision: number;
  readonly startMs: number;
  readonly waitingFor: Set<string>;
  readonly nodesTotal: number;
  readonly latenciesMs: number[];
  readonly nacks: Nack[];
  readonly waiters: Set<(rollout: Rollout) => void>;
}

/** Revisions that are remembered. */
const ROLLOUTS_MAX = 64;
const NACKS_MAX = 1_000;

/** Measures revisions from publishing to the acknowledgement of every node. Remembers the newest 64. */
export class Rollouts {
  #open: OpenRollout[] = [];

  start(revision: number, nodes: Iterable<string>, nowMs: number): void {
    const waitingFor = new Set(nodes);
    this.#open.push({
      revision,
      startMs: nowMs,
      waitingFor,
      nodesTotal: waitingFor.size,
      latenciesMs: [],
      nacks: [],
      waiters: new Set(),
    });
    if (this.#open.length > ROLLOUTS_MAX) for (const old of this.#open.splice(0, 1)) notify(old);
  }

  /** A node has settled on everything published so far; while it refuses anything it has not applied it. */
  settled(node: string, nowMs: number, refused: readonly Nack[]): void {
    for (const rollout of this.#open) {
      if (!rollout.waitingFor.delete(node)) continue;
      if (refused.length === 0) rollout.latenciesMs.push(nowMs - rollout.startMs);
      rollout.nacks.push(...refused.slice(0, NACKS_MAX - rollout.nacks.length));
      if (rollout.waitingFor.size === 0) notify(rollout);
    }
  }

  /** `null` for a revision that was never published or is no longer remembered. */
  find(revision: number): Rollout | null {
    const rollout = this.#open.findLast((each) => each.revision === revision);
    return rollout === undefined ? null : viewOf(rollout);
  }

  /** Calls back once, when every node has settled or the revision is forgotten; returns how to stop waiting. */
  whenOver(revision: number, callback: (rollout: Rollout) => void): () => void {
    const rollout = this.#open.findLast((each) => each.revision === revision);
    if (rollout === undefined) return () => {};
    if (rollout.waitingFor.size === 0) callback(viewOf(rollout));
    else rollout.waiters.add(callback);
    return () => rollout.waiters.delete(callback);
  }
}

function notify(rollout: OpenRollout): void {
  const waiters = [...rollout.waiters];
  rollout.waiters.clear();
  for (const callback of waiters) callback(viewOf(rollout));
}

function viewOf({ revision, nodesTotal, latenciesMs, nacks }: OpenRollout): Rollout {
  const sorted = [...latenciesMs].sort((a, b) => a - b);
  return {
    revision,
    nodesTotal,
    nodesApplied: sorted.length,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    nacks: [...nacks],
  };
}

/** Smallest value that a share `q` of the sorted values does not exceed. */
function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}
