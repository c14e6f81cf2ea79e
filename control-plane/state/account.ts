import type { Grant } from '../../core/admission/grant.ts';

/** One workload's entry in the ledger. */
export interface Account {
  /** Tokens of a lower generation are refused. Starts at 1. */
  readonly generation: number;
  /** SHA-256 of the enrolment secret, hex; `null` = not enrolled. */
  readonly enrolmentHash: string | null;
  readonly grants: readonly Grant[];
  /** Grants that were taken back before their end, until then: sidecars have to be told of all of them. */
  readonly revoked?: readonly EndedGrant[];
  /** Counts the events of this account; part of their ids. */
  readonly eventCount: number;
  /** Newest events, until a write of the leader that finds them published. */
  readonly events: readonly AccountEvent[];
}

export type EndedGrant = Pick<Grant, 'jti' | 'expiresAtMs'>;

/** Grants that a workload may give back or renew within the time that they would have lasted; sidecars remember each. */
export const REVOKED_PER_ACCOUNT_MAX = 1000;

/** Revoked grants whose tokens would still pass. */
export const unexpired = (revoked: readonly EndedGrant[] | undefined, wallMs: number): EndedGrant[] =>
  (revoked ?? []).filter(({ expiresAtMs }) => expiresAtMs > wallMs);

export interface AccountEvent {
  readonly number: number;
  readonly message: string;
  readonly wallMs: number;
}

/** Events that an account holds at most: the leader carries them into the stream faster than that, or the oldest are lost. */
export const ACCOUNT_EVENTS_MAX = 1024;

export const EMPTY_ACCOUNT: Account = { generation: 1, enrolmentHash: null, grants: [], eventCount: 0, events: [] };

/** The account with one more event to publish. */
export function withEvent(account: Account, message: string, wallMs: number): Account {
  const number = account.eventCount + 1;
  const events = [...account.events, { number, message, wallMs }].slice(-ACCOUNT_EVENTS_MAX);
  return { ...account, eventCount: number, events };
}
