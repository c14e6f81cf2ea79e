import type { NatsConnection } from '@nats-io/transport-node';
import { grantQuorum } from '../../core/capacity/gauge.ts';
import type { Logger } from '../../platform/logger.ts';
import { StoreBusyError } from '../state/compare-and-set.ts';
import { hearReplicas } from './hear-replicas.ts';

/** Whether enough replicas had a write of the ledger in time. */
export interface QuorumOutcome {
  readonly reached: boolean;
  /** Replicas that had it, the one that answers included. */
  readonly applied: number;
  /** q of the replicas that there are. */
  readonly needed: number;
}

/** What replicas hold of the ledger. */
export interface AppliedLedger {
  /** Of the newest write of an account that this replica has seen; 0 = none. */
  revisionOf(workload: string): number;
  subscribe(listener: (workload: string) => void): () => void;
}

export interface LedgerQuorumOptions {
  readonly connection: NatsConnection;
  readonly mesh: string;
  readonly self: { readonly replica: string; readonly process: string };
  readonly ledger: AppliedLedger;
  /** Replicas that belong to the control plane, this one included. */
  readonly members: () => number;
  readonly logger: Pick<Logger, 'warn'>;
  /** Default 2 s (CONTRACT §D). */
  readonly timeoutMs?: number;
}

/** Revisions of accounts: what somebody waits for, or has. */
type Revisions = Readonly<Record<string, number>>;

interface Told {
  readonly replica: string;
  readonly process: string;
  readonly revisions: Revisions;
}

interface Waiter {
  readonly workload: string;
  readonly revision: number;
  readonly needed: number;
  readonly replicas: Set<string>;
  readonly settle: () => void;
}

/** One that waits for this replica. */
interface Asked {
  readonly process: string;
  readonly workload: string;
  readonly revision: number;
  readonly untilMs: number;
}

export const QUORUM_TIMEOUT_MS = 2000;
/** What is asked for, or has come, within this time is told together. */
const GATHER_MS = 5;
/** Grants that wait at one replica; and questions of others that it keeps. */
const WAITING_MAX = 4096;

/**
 * Waits until replicas of the control plane have applied a write of the ledger
 * (C_gauge, CONTRACT §D). Whoever waits asks all others at once; each tells it
 * the revision of the account as soon as its own copy has come that far. Nobody
 * reports what nobody waits for.
 */
export class LedgerQuorum {
  readonly #options: LedgerQuorumOptions;
  readonly #subject: string;
  readonly #ends: readonly (() => void)[];
  readonly #waiters = new Set<Waiter>();
  readonly #asked: Asked[] = [];
  /** To be sent, by subject. */
  readonly #outbox = new Map<string, Map<string, number>>();
  #owed: NodeJS.Timeout | undefined;

  constructor(options: LedgerQuorumOptions) {
    const { connection, mesh, self, ledger, logger } = options;
    this.#options = options;
    this.#subject = `capmesh.v1.quorum.${mesh}`;
    this.#ends = [
      ledger.subscribe((workload) => this.#applied(workload)),
      hearReplicas(connection, this.#subject, (data) => this.#hearQuestion(readTold(data)), logger),
      hearReplicas(connection, `${this.#subject}.${self.process}`, (data) => this.#hearAnswer(readTold(data)), logger),
    ];
  }

  /**
   * Settles when q = max(⌊n/2⌋+1, ⌈C·n⌉) replicas have what this one has of an
   * account, or when the time is over. Throws `StoreBusyError` where too many wait.
   */
  async agreed(workload: string, gauge: number): Promise<QuorumOutcome> {
    const { ledger, members, self, timeoutMs = QUORUM_TIMEOUT_MS } = this.#options;
    const needed = grantQuorum(gauge, members());
    if (needed <= 1) return { reached: true, applied: 1, needed };
    if (this.#waiters.size >= WAITING_MAX) throw new StoreBusyError('too many grants wait for other replicas');
    const replicas = new Set([self.replica]);
    const revision = ledger.revisionOf(workload);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => waiter.settle(), timeoutMs);
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        resolve();
      };
      const waiter: Waiter = { workload, revision, needed, replicas, settle };
      this.#waiters.add(waiter);
      this.#tell(this.#subject, workload, revision);
    });
    return { reached: replicas.size >= needed, applied: replicas.size, needed };
  }

  stop(): void {
    clearTimeout(this.#owed);
    for (const end of this.#ends) end();
    for (const waiter of [...this.#waiters]) waiter.settle();
  }

  #hearQuestion({ process, revisions }: Told): void {
    const { ledger, self } = this.#options;
    if (process === self.process) return;
    const nowMs = performance.now();
    for (const [workload, revision] of Object.entries(revisions)) {
      if (ledger.revisionOf(workload) >= revision) this.#answer(process, workload);
      else {
        if (this.#asked.length >= WAITING_MAX) this.#asked.shift();
        this.#asked.push({ process, workload, revision, untilMs: nowMs + QUORUM_TIMEOUT_MS });
      }
    }
  }

  #hearAnswer({ replica, revisions }: Told): void {
    for (const waiter of [...this.#waiters]) {
      if ((revisions[waiter.workload] ?? 0) < waiter.revision) continue;
      waiter.replicas.add(replica);
      if (waiter.replicas.size >= waiter.needed) waiter.settle();
    }
  }

  /** The own copy of an account has come further: those who wait for it are told. */
  #applied(workload: string): void {
    if (this.#asked.length === 0) return;
    const revision = this.#options.ledger.revisionOf(workload);
    const nowMs = performance.now();
    for (const asked of this.#asked.splice(0)) {
      if (asked.untilMs < nowMs) continue;
      if (asked.workload === workload && asked.revision <= revision) this.#answer(asked.process, workload);
      else this.#asked.push(asked);
    }
  }

  #answer(process: string, workload: string): void {
    this.#tell(`${this.#subject}.${process}`, workload, this.#options.ledger.revisionOf(workload));
  }

  #tell(subject: string, workload: string, revision: number): void {
    const revisions = this.#outbox.get(subject) ?? new Map<string, number>();
    revisions.set(workload, Math.max(revision, revisions.get(workload) ?? 0));
    this.#outbox.set(subject, revisions);
    this.#owed ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  #flush(): void {
    this.#owed = undefined;
    const { connection, self } = this.#options;
    for (const [subject, revisions] of this.#outbox) {
      const told: Told = { ...self, revisions: Object.fromEntries(revisions) };
      if (!connection.isClosed()) connection.publish(subject, Buffer.from(JSON.stringify(told)));
    }
    this.#outbox.clear();
  }
}

function readTold(data: Uint8Array): Told {
  const { replica, process, revisions } = JSON.parse(Buffer.from(data).toString()) as Partial<Told>;
  if (typeof replica !== 'string' || typeof process !== 'string' || typeof revisions !== 'object') {
    throw new Error('it tells no revisions');
  }
  return { replica, process, revisions };
}
