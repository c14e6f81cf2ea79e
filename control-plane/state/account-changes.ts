import { liveGrants } from '../../core/admission/grant.ts';
import type { Account } from './account.ts';

/** What a change makes of an account: `account` is stored unless it is `null`. */
export interface AccountChange<T> {
  readonly account: Account | null;
  readonly result: T;
}

/** A change that waits, and who waits for it. */
export interface WaitingChange {
  readonly wallMs: number;
  /** May be called again, with newer data. Answers the changed account, or `null` for none; keeps its result. */
  readonly apply: (account: Account) => Account | null;
  /** The last `apply` holds. */
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** A change together with the promise of its result. */
export function waitingChange<T>(
  wallMs: number,
  change: (account: Account) => AccountChange<T>,
): { readonly waiting: WaitingChange; readonly result: Promise<T> } {
  let resolve: (result: T) => void;
  let reject: (error: unknown) => void;
  const result = new Promise<T>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  let newest: AccountChange<T>;
  const waiting: WaitingChange = {
    wallMs,
    apply: (account) => {
      newest = change(account);
      return newest.account;
    },
    done: () => resolve(newest.result),
    failed: (error) => reject(error),
  };
  return { waiting, result };
}

/**
 * Makes changes one after the other, each on what the one before left; expired
 * grants are gone by the time of the newest. `null` = nothing changed. A change
 * that throws fails alone: it is taken out of `changes`.
 */
export function applyChanges(account: Account, changes: WaitingChange[]): Account | null {
  let changed: Account | null = null;
  for (const change of [...changes]) {
    try {
      changed = change.apply(changed ?? account) ?? changed;
    } catch (error) {
      changes.splice(changes.indexOf(change), 1);
      change.failed(error);
    }
  }
  if (changed === null) return null;
  const wallMs = changes.reduce((newest, change) => Math.max(newest, change.wallMs), 0);
  return { ...changed, grants: liveGrants(changed.grants, wallMs) };
}
