import type { Grant } from '../../core/admission/grant.ts';
import { StoreBusyError } from './compare-and-set.ts';

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

/** Events that an account may hold until the leader has carried them into the stream: no grant is given beyond that. */
export const ACCOUNT_EVENTS_MAX = 1024;
/** So many more where capacity or trust is taken back: that does not wait for a leader. */
export const TAKING_BACK_EVENTS_MAX = ACCOUNT_EVENTS_MAX + 512;

export const EMPTY_ACCOUNT: Account = { generation: 1, enrolmentHash: null, grants: [], eventCount: 0, events: [] };

/** The account with one more event to publish. Throws `StoreBusyError` where `eventsMax` wait already: none is lost for a new one. */
export function withEvent(
  account: Account,
  message: string,
  wallMs: number,
  eventsMax: number = ACCOUNT_EVENTS_MAX,
): Account {
  if (account.events.length >= eventsMax) {
    throw new StoreBusyError('too many events of the account have still to be told; ask again when they are');
  }
  const number = account.eventCount + 1;
  return { ...account, eventCount: number, events: [...account.events, { number, message, wallMs }] };
}
