import { gunzipSync, gzipSync } from 'node:zlib';
import type { CapacityPlan, ServicePlan } from '../../core/allocators/capacity-plan.ts';
import type { Logger } from '../../platform/logger.ts';
import type { LeaderWrites } from '../leader/leader-writes.ts';
import { type BucketEntry, followBucket } from './follow-bucket.ts';
import type { Follower } from './keep-following.ts';
import { PLAN_BUCKET, type Store } from './open-store.ts';
import { type BatchMessage, publishBatch } from './publish-batch.ts';

/** What holds for a plan as a whole. */
export interface PlanOrigin {
  /** Of the configuration that it was made from. */
  readonly revision: number;
  /** The configuration changed since the plan before. */
  readonly edited: boolean;
  /** Routes and clusters that nobody edited wait. */
  readonly held: boolean;
}

export interface StoredPlan {
  readonly plan: CapacityPlan;
  readonly origin: PlanOrigin;
  /** Of the leader that wrote it. */
  readonly epoch: number;
}

type Head = PlanOrigin & { readonly epoch: number; readonly nodeCount: number };

const REACHED_TIMEOUT_MS = 5000;
const HEAD = 'head';
const SERVICE = 'service.';
/** From this on a service is stored packed, bytes. */
const PACKED_FROM = 256 * 1024;
const UNPACKED_MAX = 256 * 1024 * 1024;

/**
 * The plan in force in the bucket `capmesh_plan`: `service.<name>` = what Envoys
 * are told of a service, `head` = the rest. Written by the leader in atomic
 * batches, each on top of the one before it and of no other: two leaders cannot
 * mix. Every replica follows it, from one batch to the next.
 */
export class PlanStore {
  readonly #store: Store;
  readonly #mesh: string;
  readonly #services = new Map<string, { readonly json: string; readonly plan: ServicePlan }>();
  readonly #sequences = new Map<string, number>();
  readonly #listeners = new Set<(stored: StoredPlan) => void>();
  readonly #waiters = new Set<() => void>();
  #follower: Follower | undefined;
  #head: Head | null = null;
  #lastSequence = 0;
  #shownSequence = 0;
  #current: StoredPlan | null = null;

  private constructor(store: Store, mesh: string) {
    this.#store = store;
    this.#mesh = mesh;
  }

  /** Reads what is stored, then follows it until `stop`. */
  static async open(store: Store, mesh: string, logger: Logger): Promise<PlanStore> {
    const opened = new PlanStore(store, mesh);
    opened.#follower = await followBucket(
      store.jetstream,
      {
        bucket: PLAN_BUCKET,
        onEntry: (entry) => opened.#take(entry),
        onWhole: () => opened.#publish(),
      },
      logger,
    );
    return opened;
  }

  /** As last seen; `null` = there never was one. */
  get current(): StoredPlan | null {
    return this.#current;
  }

  /** Calls `listener` with the plan in force and with each one after it. Returns the way to end that. */
  subscribe(listener: (stored: StoredPlan) => void): () => void {
    this.#listeners.add(listener);
    if (this.#current !== null) listener(this.#current);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Puts a plan in force: all of it or nothing. Writes only services that differ,
   * and nothing where this leader's newest plan tells Envoys the same.
   * Throws `NotLeadingError`, or what the store says; then it may be stored or not.
   */
  async write(plan: CapacityPlan, origin: PlanOrigin, writes: LeaderWrites): Promise<void> {
    for (;;) {
      writes.require();
      writes.requireAbove(this.#head?.epoch ?? 0);
      const seen = this.#lastSequence;
      const messages = this.#messages(plan, origin, writes);
      if (messages.length === 1 && this.#holdsAlready(plan, origin, writes)) return;
      const outcome = await publishBatch(this.#store.connection, messages, seen);
      if (outcome.kind === 'too-large') throw new Error(`the store takes no plan of ${plan.services.length} services`);
      await this.#reached(outcome.kind === 'stored' ? outcome.revision : seen + 1);
      if (outcome.kind === 'stored') return;
    }
  }

  stop(): void {
    this.#follower?.stop();
    this.#listeners.clear();
  }

  #messages(plan: CapacityPlan, origin: PlanOrigin, writes: LeaderWrites): BatchMessage[] {
    const message = (key: string, payload: string | Uint8Array, more: Record<string, string> = {}): BatchMessage => ({
      subject: `$KV.${PLAN_BUCKET}.${key}`,
      payload,
      expectedRevision: this.#sequences.get(key) ?? 0,
      headers: { ...Object.fromEntries([...writes.headers()].map(([name, [value = '']]) => [name, value])), ...more },
    });
    const wanted = new Map(plan.services.map((service) => [service.service, JSON.stringify(renderedPart(service))]));
    const changed = [...wanted].filter(([name, json]) => this.#services.get(name)?.json !== json);
    const gone = [...this.#services.keys()].filter((name) => !wanted.has(name));
    const head: Head = { ...origin, epoch: writes.epoch, nodeCount: plan.nodeCount };
    return [
      ...changed.map(([name, json]) => message(SERVICE + name, encode(json))),
      ...gone.map((name) => message(SERVICE + name, '', { 'KV-Operation': 'DEL' })),
      message(HEAD, JSON.stringify(head)),
    ];
  }

  #holdsAlready({ nodeCount }: CapacityPlan, { revision, edited, held }: PlanOrigin, { epoch }: LeaderWrites): boolean {
    const head = this.#head;
    const isSame = head?.epoch === epoch && head.revision === revision && head.held === held;
    return isSame && head.nodeCount === nodeCount && !edited;
  }

  /** Throws on what is no plan; the service stays as it was. */
  #take({ key, revision, value }: BucketEntry): void {
    if (revision <= (this.#sequences.get(key) ?? 0)) return;
    this.#sequences.set(key, revision);
    this.#lastSequence = Math.max(this.#lastSequence, revision);
    const name = key.slice(SERVICE.length);
    if (key === HEAD) this.#head = value === null ? null : (JSON.parse(decode(value)) as Head);
    else if (value === null) this.#services.delete(name);
    else {
      const json = decode(value);
      this.#services.set(name, { json, plan: JSON.parse(json) as ServicePlan });
    }
  }

  /** A plan of a lower epoch than the one in force is the late word of a leader that is none any more; one that was shown is no news. */
  #publish(): void {
    for (const waiter of [...this.#waiters]) waiter();
    if (this.#head === null || this.#head.epoch < (this.#current?.epoch ?? 0)) return;
    if (this.#shownSequence === this.#lastSequence) return;
    this.#shownSequence = this.#lastSequence;
    const { epoch, nodeCount, ...origin } = this.#head;
    const services = [...this.#services].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { plan }]) => plan);
    this.#current = { plan: { mesh: this.#mesh, nodeCount, services }, origin, epoch };
    for (const listener of this.#listeners) listener(this.#current);
  }

  /** Settles when the store has shown this sequence; rejects after 5 s. */
  async #reached(sequence: number): Promise<void> {
    if (this.#lastSequence >= sequence) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`the store did not show plan ${sequence} within ${REACHED_TIMEOUT_MS} ms`));
      }, REACHED_TIMEOUT_MS);
      const waiter = (): void => {
        if (this.#lastSequence < sequence) return;
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        resolve();
      };
      this.#waiters.add(waiter);
    });
  }
}

/** Limits and actions move every tick and ride in leases; Envoys are not told of them. */
const renderedPart = (service: ServicePlan): ServicePlan => ({
  ...service,
  edges: service.edges.map((edge) => ({ ...edge, limitRps: null, overlay: null })),
});

const encode = (json: string): string | Uint8Array => (json.length < PACKED_FROM ? json : gzipSync(json));

/** What `encode` packed does not begin as JSON does. */
function decode(value: Uint8Array): string {
  const bytes = value[0] === 0x1f ? gunzipSync(value, { maxOutputLength: UNPACKED_MAX }) : Buffer.from(value);
  return bytes.toString('utf8');
}
