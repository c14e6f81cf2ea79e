import { setTimeout as delay } from 'node:timers/promises';
import type { KV, KvEntry } from '@nats-io/kv';
import type { Logger } from '../../platform/logger.ts';
import { type Account, type AccountEvent, EMPTY_ACCOUNT } from './account.ts';
import { type AccountChange, applyChanges, type WaitingChange, waitingChange } from './account-changes.ts';
import { decodeAccount, encodeAccount } from './account-codec.ts';
import { putIfUnchanged, StoreBusyError } from './compare-and-set.ts';
import { type BucketEntry, followBucket } from './follow-bucket.ts';
import type { Follower } from './keep-following.ts';
import { type KnownAccount, KnownAccounts, NEVER_WRITTEN } from './known-accounts.ts';
import { LEDGER_BUCKET, type Store } from './open-store.ts';
import { Turns } from './turns.ts';

export type { AccountChange } from './account-changes.ts';

/** Changes of one account that may wait for their turn. */
const WAITING_MAX = 1024;
/** Changes of one account that become one write. */
const BATCH_MAX = 256;
/** Other replicas may be faster this many times before a write is given up: a second and more. */
const CONTENDED_MAX = 200;
/**
 * Pause after a write while more is waiting. Who was faster knows the newest
 * revision first and would be faster again and again; the others need this long
 * to read it.
 */
const YIELD_MS = 4;
/**
 * Accounts that are written at once. The store takes one write after the other: more
 * would wait there, each with one change, and not here, where they become fewer
 * and larger writes.
 */
const WRITES_MAX = 4;

const utf8 = new TextDecoder();

/**
 * Accounts in the bucket `capmesh_ledger`, one key each, under compare-and-set.
 * One write of an account is under way at a time; changes that come meanwhile
 * become one write together. Expired grants and published events fall out with
 * the next write.
 */
export class LedgerStore {
  readonly #kv: KV;
  readonly #accounts: KnownAccounts;
  readonly #waiting = new Map<string, WaitingChange[]>();
  /** Highest event number known to be in the event stream, by workload. */
  readonly #published = new Map<string, number>();
  readonly #listeners = new Set<(workload: string) => void>();
  readonly #turns = new Turns(WRITES_MAX);
  #follower: Follower | undefined;
  #conflicts = 0;
  #writes = 0;

  private constructor(kv: KV, logger: Logger) {
    this.#kv = kv;
    this.#accounts = new KnownAccounts(logger);
  }

  static async open(store: Pick<Store, 'ledger' | 'jetstream'>, logger: Logger): Promise<LedgerStore> {
    const ledger = new LedgerStore(store.ledger, logger);
    const followed = { bucket: LEDGER_BUCKET, keys: 'account.*', onEntry: ledger.#take.bind(ledger) };
    ledger.#follower = await followBucket(store.jetstream, followed, logger);
    return ledger;
  }

  /** Compare-and-set refusals since the start. */
  get conflicts(): number {
    return this.#conflicts;
  }

  /** Writes that were stored since the start. */
  get writes(): number {
    return this.#writes;
  }

  workloads(): string[] {
    return this.#accounts.workloads();
  }

  accounts(): [workload: string, account: Account][] {
    return this.workloads().map((workload) => [workload, this.account(workload)]);
  }

  /** As last seen; may be behind the store. */
  account(workload: string): Account {
    return this.#accounts.get(workload)?.account ?? EMPTY_ACCOUNT;
  }

  /** Reads an account anew, for what others have written into it. */
  async refresh(workload: string): Promise<void> {
    await this.#read(workload);
  }

  /** Of the newest write of an account that was seen here; 0 = none. */
  revisionOf(workload: string): number {
    return this.#accounts.revisionOf(workload);
  }

  subscribe(listener: (workload: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Changes one account. `change` may be called again, with newer data, when
   * another replica was faster. Throws `StoreBusyError` when others were faster
   * 200 times, or with 1024 changes waiting.
   */
  update<T>(workload: string, wallMs: number, change: (account: Account) => AccountChange<T>): Promise<T> {
    const queue = this.#waiting.get(workload);
    if (queue !== undefined && queue.length >= WAITING_MAX) {
      return Promise.reject(new StoreBusyError(`too many requests are waiting for the account of ${workload}`));
    }
    const { waiting, result } = waitingChange(wallMs, change);
    if (queue !== undefined) queue.push(waiting);
    else {
      this.#waiting.set(workload, [waiting]);
      void this.#drain(workload);
    }
    return result;
  }

  /** Events of an account that are not known to be in the stream, oldest first. */
  unpublishedEvents(workload: string): AccountEvent[] {
    return this.account(workload).events.filter((event) => !this.#isPublished(workload, event));
  }

  /** Events of an account up to this number are in the stream. */
  markPublished(workload: string, number: number): void {
    this.#published.set(workload, Math.max(number, this.#published.get(workload) ?? 0));
  }

  /** Writes an account without the events that are in the stream. */
  async forgetPublished(workload: string, wallMs: number): Promise<void> {
    await this.update(workload, wallMs, (account) => {
      const isAny = this.account(workload).events.some((event) => this.#isPublished(workload, event));
      return { account: isAny ? account : null, result: undefined };
    });
  }

  stop(): void {
    this.#follower?.stop();
    this.#listeners.clear();
  }

  /** Everything that waits for an account, batch after batch. What waits while a batch is under way is the next one. */
  async #drain(workload: string): Promise<void> {
    const queue = this.#waiting.get(workload) ?? [];
    while (queue.length > 0) {
      const batch: WaitingChange[] = [];
      try {
        const isWritten = await this.#turns.take(() => this.#write(workload, queue, batch));
        for (const change of batch) change.done();
        if (isWritten && queue.length > 0) await delay(YIELD_MS);
      } catch (error) {
        for (const change of batch) change.failed(error);
      }
    }
    this.#waiting.delete(workload);
  }

  /** Moves what waits into `batch`, before every try what has come since too. Answers whether there was anything to write. */
  async #write(workload: string, queue: WaitingChange[], batch: WaitingChange[]): Promise<boolean> {
    let known = this.#accounts.get(workload) ?? (await this.#read(workload));
    for (let attempt = 0; attempt < CONTENDED_MAX; attempt += 1) {
      batch.push(...queue.splice(0, BATCH_MAX - batch.length));
      const owed = known.account.events.filter((event) => !this.#isPublished(workload, event));
      const stored = applyChanges({ ...known.account, events: owed }, batch);
      if (stored === null) return false;
      const written = await putIfUnchanged(this.#kv, `account.${workload}`, encodeAccount(stored), known.revision);
      if (written !== null) {
        this.#writes += 1;
        this.#show(workload, { account: stored, revision: written });
        return true;
      }
      this.#conflicts += 1;
      known = await this.#newer(workload, known.revision);
    }
    throw new StoreBusyError(`the account of ${workload} is changed by too many at once`);
  }

  /** The account after a revision that was overtaken: as the watch has shown it by now, else as it is read. */
  async #newer(workload: string, revision: number): Promise<KnownAccount> {
    const seen = this.#accounts.get(workload);
    return seen !== undefined && seen.revision > revision ? seen : await this.#read(workload);
  }

  async #read(workload: string): Promise<KnownAccount> {
    const entry = await this.#kv.get(`account.${workload}`);
    if (entry === null) return NEVER_WRITTEN;
    const read = { account: accountOf(entry), revision: entry.revision };
    this.#show(workload, read);
    return this.#accounts.get(workload) ?? read;
  }

  #take({ key, revision, value }: BucketEntry): void {
    const workload = key.slice('account.'.length);
    const isNewer =
      value === null
        ? this.#accounts.set(workload, { account: EMPTY_ACCOUNT, revision })
        : this.#accounts.setUnread(workload, utf8.decode(value), revision);
    if (isNewer) this.#tell(workload);
  }

  #show(workload: string, known: KnownAccount): void {
    if (this.#accounts.set(workload, known)) this.#tell(workload);
  }

  #tell(workload: string): void {
    for (const listener of this.#listeners) listener(workload);
  }

  #isPublished(workload: string, event: AccountEvent): boolean {
    return event.number <= (this.#published.get(workload) ?? 0);
  }
}

const accountOf = (entry: KvEntry): Account =>
  entry.operation === 'PUT' ? decodeAccount(entry.string()) : EMPTY_ACCOUNT;
