import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Rollout } from '../xds/rollouts.ts';
import type { NodeXdsStatus } from '../xds/xds-nodes.ts';
import { PackedSender, receivePacked } from './packed-subject.ts';

/** What a replica tells the others of itself. */
export interface ReplicaSign {
  readonly replica: string;
  readonly process: string;
  /** Of its leadership; `null` = it follows. */
  readonly epoch: number | null;
  /** Nodes that are or were connected to it. */
  readonly nodes: readonly NodeXdsStatus[];
  /** Of its newest configuration, over the nodes connected to it. */
  readonly rollout: Rollout | null;
  /** It ends in an orderly way and belongs to the control plane no longer. */
  readonly leaves?: boolean | undefined;
}

export interface ReplicasOptions {
  readonly connection: NatsConnection;
  readonly mesh: string;
  readonly bytesMax: number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly logger: Pick<Logger, 'warn'>;
  /** Of this replica, as it stands now. */
  readonly own: () => ReplicaSign;
}

const SIGN_INTERVAL_MS = 1000;
/** A replica without a sign for this long is not counted. */
const GONE_MS = 3500;
/**
 * A replica that was heard belongs to the control plane for this long, or until it
 * leaves: those that are dead or cut off count when a majority is needed.
 */
const MEMBER_MS = 600_000;
/** Changes within this time are told together. */
const GATHER_MS = 20;
const REPLICAS_MAX = 64;

/** The replicas of the control plane that live: each gives a sign every second and at every change. */
export class Replicas {
  readonly #options: ReplicasOptions;
  readonly #sender: PackedSender;
  readonly #others = new Map<string, { readonly sign: ReplicaSign; readonly atMs: number }>();
  /** When each replica was heard last, by its name. */
  readonly #members = new Map<string, number>();
  readonly #end: () => void;
  readonly #interval: NodeJS.Timeout;
  #owed: NodeJS.Timeout | undefined;
  #told = '';

  constructor(options: ReplicasOptions) {
    const { connection, mesh, bytesMax, logger, own } = options;
    this.#options = options;
    const subjects = `capmesh.v1.replicas.${mesh}`;
    this.#sender = new PackedSender(connection, `${subjects}.${own().replica}`, bytesMax, logger);
    this.#end = receivePacked(connection, `${subjects}.*`, (value) => this.#take(value as ReplicaSign), logger);
    this.#interval = setInterval(() => this.#tell(), SIGN_INTERVAL_MS);
    this.#tell();
  }

  /** Something changed that others should know at once. */
  changed(): void {
    this.#owed ??= setTimeout(() => this.#tellChange(), GATHER_MS);
  }

  /** Those that live, this one first. */
  all(): ReplicaSign[] {
    return [this.#options.own(), ...this.others()];
  }

  others(): ReplicaSign[] {
    const sinceMs = this.#options.clock.monotonicMs() - GONE_MS;
    for (const [process, { atMs }] of this.#others) {
      if (atMs < sinceMs) this.#others.delete(process);
    }
    return [...this.#others.values()].map(({ sign }) => sign);
  }

  /** How many belong to the control plane, this one included: those that live, and those that fell silent lately. */
  memberCount(): number {
    const sinceMs = this.#options.clock.monotonicMs() - MEMBER_MS;
    for (const [replica, atMs] of this.#members) if (atMs < sinceMs) this.#members.delete(replica);
    this.#members.delete(this.#options.own().replica);
    return 1 + this.#members.size;
  }

  /** Every node of the mesh, as the replica knows it that it is connected to. */
  nodes(): NodeXdsStatus[] {
    const nodes = new Map<string, NodeXdsStatus>();
    for (const status of this.all().flatMap((sign) => sign.nodes)) {
      const known = nodes.get(status.node);
      if (known === undefined || isBetter(status, known)) nodes.set(status.node, status);
    }
    return [...nodes.values()];
  }

  /** How far a revision has got over the nodes of all replicas; `null` = this one has not published it. */
  rollout(revision: number): Rollout | null {
    const { rollout: own } = this.#options.own();
    if (own?.revision !== revision) return null;
    return this.others().reduce((sum, sign) => added(sum, rolloutOf(sign, revision)), own);
  }

  /** Says that this replica leaves, and hears no more. */
  async stop(): Promise<void> {
    clearInterval(this.#interval);
    clearTimeout(this.#owed);
    this.#end();
    await this.#sender.last({ ...this.#options.own(), leaves: true });
  }

  #tell(): void {
    clearTimeout(this.#owed);
    this.#owed = undefined;
    const own = this.#options.own();
    this.#told = JSON.stringify(own);
    this.#sender.send(own);
  }

  /** What was told already is not told again before its time. */
  #tellChange(): void {
    this.#owed = undefined;
    if (JSON.stringify(this.#options.own()) !== this.#told) this.#tell();
  }

  #take(sign: ReplicaSign): void {
    if (typeof sign?.process !== 'string' || !Array.isArray(sign.nodes)) throw new Error('it is no sign of a replica');
    if (sign.process === this.#options.own().process) return;
    if (sign.leaves === true) {
      this.#others.delete(sign.process);
      this.#members.delete(sign.replica);
      return;
    }
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#members.has(sign.replica) || this.#members.size < REPLICAS_MAX) this.#members.set(sign.replica, nowMs);
    if (!this.#others.has(sign.process) && this.#others.size >= REPLICAS_MAX) return;
    this.#others.set(sign.process, { sign, atMs: nowMs });
  }
}

/** The one that the node is connected to, else the one that heard of it last. */
function isBetter(a: NodeXdsStatus, b: NodeXdsStatus): boolean {
  if (a.connected !== b.connected) return a.connected;
  return (a.appliedAtMs ?? 0) > (b.appliedAtMs ?? 0);
}

/** A replica that has not come to the revision yet has all its nodes before it. */
function rolloutOf({ rollout, nodes }: ReplicaSign, revision: number): Rollout {
  if (rollout?.revision === revision) return rollout;
  const nodesTotal = nodes.filter(({ connected }) => connected).length;
  return { revision, nodesTotal, nodesApplied: 0, p50Ms: 0, p99Ms: 0, nacks: [] };
}

/** Quantiles of both together are not known: the slower ones stand. */
const added = (a: Rollout, b: Rollout): Rollout => ({
  revision: a.revision,
  nodesTotal: a.nodesTotal + b.nodesTotal,
  nodesApplied: a.nodesApplied + b.nodesApplied,
  p50Ms: Math.max(a.p50Ms, b.p50Ms),
  p99Ms: Math.max(a.p99Ms, b.p99Ms),
  nacks: [...a.nacks, ...b.nacks],
});
