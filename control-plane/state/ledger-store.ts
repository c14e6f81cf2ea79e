import type { KV, KvWatchEntry } from '@nats-io/kv';
import { liveGrants } from '../../core/admission/grant.ts';
import type { Logger } from '../../platform/logger.ts';
import { type Account, type AccountEvent, EMPTY_ACCOUNT } from './account.ts';
import { ATTEMPTS_MAX, putIfUnchanged, StoreBusyError } from './compare-and-set.ts';
import { followBucket } from './follow-bucket.ts';
import type { Follower } from './keep-following.ts';

/** Changes of one account that may wait for their turn. */
const WAITING_MAX = 256;

/** What a change makes of an account: `account` is stored unless it is `null`. */
export interface AccountChange<T> {
  readonly account: Account | null;
  readonly result: T;
}

/**
 * Accounts in the bucket `capmesh_ledger`, one key each, under compare-and-set.
 * One change of an account is under way at a time; expired grants and published
 * events fall out with the next write.
 */
export class LedgerStore {
  readonly #kv: KV;
  readonly #accounts = new Map<string, { readonly account: Account; readonly revision: number }>();
  readonly #turns = new Map<string, { last: Promise<unknown>; waiting: number }>();
  /** Highest event number known to be in the event stream, by workload. */
  readonly #published = new Map<string, number>();
  readonly #listeners = new Set<(workload: string) => void>();
  #follower: Follower | undefined;
  #conflicts = 0;

  private constructor(kv: KV) {
    this.#kv = kv;
  }

  static async open(kv: KV, logger: Logger): Promise<LedgerStore> {
    const ledger = new LedgerStore(kv);
    ledger.#follower = await followBucket(kv, 'account.*', (entry) => ledger.#take(entry), logger);
    return ledger;
  }

  /** Compare-and-set refusals since the start. */
  get conflicts(): number {
    return this.#conflicts;
  }

  workloads(): string[] {
    return [...this.#accounts.keys()];
  }

  accounts(): [workload: string, account: Account][] {
    return [...this.#accounts].map(([workload, { account }]) => [workload, account]);
  }

  /** As last seen; may be behind the store. */
  account(workload: string): Account {
    return this.#accounts.get(workload)?.account ?? EMPTY_ACCOUNT;
  }

  subscribe(listener: (workload: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Changes one account. `change` may be called again, with newer data, when
   * another replica was faster. Throws `StoreBusyError` after 8 attempts or
   * with 256 changes waiting.
   */
  async update<T>(workload: string, wallMs: number, change: (account: Account) => AccountChange<T>): Promise<T> {
    const turn = this.#turns.get(workload) ?? { last: Promise.resolve(), waiting: 0 };
    if (turn.waiting >= WAITING_MAX) {
      throw new StoreBusyError(`too many requests are waiting for the account of ${workload}`);
    }
    this.#turns.set(workload, turn);
    turn.waiting += 1;
    const mine = turn.last.then(() => this.#updateNow(workload, wallMs, change));
    turn.last = mine.catch(() => {});
    try {
      return await mine;
    } finally {
      turn.waiting -= 1;
      if (turn.waiting === 0) {
        this.#turns.delete(workload);
      }
    }
  }

  /** Events of an account that are not known to be in the stream, oldest first. */
  unpublishedEvents(workload: string): AccountEvent[] {
    return this.account(workload).events.filter((event) => !this.#isPublished(workload, event));
  }

  markPublished(workload: string, event: AccountEvent): void {
    this.#published.set(workload, Math.max(event.number, this.#published.get(workload) ?? 0));
  }

  stop(): void {
    this.#follower?.stop();
    this.#listeners.clear();
  }

  async #updateNow<T>(workload: string, wallMs: number, change: (account: Account) => AccountChange<T>): Promise<T> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const { account, revision } =
        attempt === 0 ? (this.#accounts.get(workload) ?? (await this.#read(workload))) : await this.#read(workload);
      const changed = change(account);
      if (changed.account === null) {
        return changed.result;
      }
      const stored = {
        ...changed.account,
        grants: liveGrants(changed.account.grants, wallMs),
        events: changed.account.events.filter((event) => !this.#isPublished(workload, event)),
      };
      const written = await putIfUnchanged(this.#kv, `account.${workload}`, JSON.stringify(stored), revision);
      if (written !== null) {
        this.#show(workload, stored, written);
        return changed.result;
      }
      this.#conflicts += 1;
    }
    throw new StoreBusyError(`the account of ${workload} is changed by too many at once`);
  }

  async #read(workload: string): Promise<{ account: Account; revision: number }> {
    const entry = await this.#kv.get(`account.${workload}`);
    return entry === null || entry.operation !== 'PUT'
      ? { account: EMPTY_ACCOUNT, revision: entry?.revision ?? 0 }
      : { account: entry.json<Account>(), revision: entry.revision };
  }

  #take(entry: KvWatchEntry): void {
    const workload = entry.key.slice('account.'.length);
    const account = entry.operation === 'PUT' ? entry.json<Account>() : EMPTY_ACCOUNT;
    this.#show(workload, account, entry.revision);
  }

  #show(workload: string, account: Account, revision: number): void {
    if (revision <= (this.#accounts.get(workload)?.revision ?? 0)) {
      return;
    }
    this.#accounts.set(workload, { account, revision });
    for (const listener of this.#listeners) {
      listener(workload);
    }
  }

  #isPublished(workload: string, event: AccountEvent): boolean {
    return event.number <= (this.#published.get(workload) ?? 0);
  }
}
