import type { Logger } from '../../platform/logger.ts';
import { type Account, EMPTY_ACCOUNT } from './account.ts';
import { decodeAccount } from './account-codec.ts';

export interface KnownAccount {
  readonly account: Account;
  /** Of the write that made it so; 0 = it was never written. */
  readonly revision: number;
}

/** What the store has told since; not looked into yet. */
interface Unread {
  readonly json: string;
  readonly revision: number;
}

export const NEVER_WRITTEN: KnownAccount = { account: EMPTY_ACCOUNT, revision: 0 };

/**
 * Accounts as they were seen last, by workload. What other replicas write is
 * decoded when somebody asks for it: of many writes in a row that is one.
 */
export class KnownAccounts {
  readonly #known = new Map<string, KnownAccount>();
  readonly #unread = new Map<string, Unread>();
  readonly #logger: Pick<Logger, 'error'>;

  constructor(logger: Pick<Logger, 'error'>) {
    this.#logger = logger;
  }

  workloads(): string[] {
    return [...this.#known.keys()];
  }

  /** `undefined` = nothing was seen of it. One that cannot be decoded is logged, and stays as it was before. */
  get(workload: string): KnownAccount | undefined {
    const unread = this.#unread.get(workload);
    if (unread !== undefined) {
      this.#unread.delete(workload);
      const { json, revision } = unread;
      try {
        this.#known.set(workload, { account: decodeAccount(json), revision });
      } catch (error) {
        this.#logger.error({ err: error, workload, revision }, 'a stored account is not understood');
      }
    }
    return this.#known.get(workload);
  }

  /** Of the newest write that was seen; 0 = none. */
  revisionOf(workload: string): number {
    return this.#unread.get(workload)?.revision ?? this.#known.get(workload)?.revision ?? 0;
  }

  /** The account after a write. Answers whether that is newer than what was seen. */
  set(workload: string, known: KnownAccount): boolean {
    if (known.revision <= this.revisionOf(workload)) return false;
    this.#known.set(workload, known);
    this.#unread.delete(workload);
    return true;
  }

  /** As the store told it. Answers whether that is newer than what was seen. */
  setUnread(workload: string, json: string, revision: number): boolean {
    if (revision <= this.revisionOf(workload)) return false;
    if (!this.#known.has(workload)) this.#known.set(workload, NEVER_WRITTEN);
    this.#unread.set(workload, { json, revision });
    return true;
  }
}
