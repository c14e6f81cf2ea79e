import { type Grant, liveGrants } from '../../core/admission/grant.ts';
import {
  type Account,
  REVOKED_PER_ACCOUNT_MAX,
  TAKING_BACK_EVENTS_MAX,
  unexpired,
  withEvent,
} from '../state/account.ts';
import { StoreBusyError } from '../state/compare-and-set.ts';

/** Whether a grant has this id. */
export const isGrant =
  (grantId: string) =>
  ({ jti }: Grant): boolean =>
    jti === grantId;

/** The account without a grant that was taken back before its end. */
export const withoutGrant = (account: Account, { jti, expiresAtMs }: Grant, wallMs: number): Account => ({
  ...account,
  grants: liveGrants(account.grants, wallMs).filter((each) => each.jti !== jti),
  revoked: [...unexpired(account.revoked, wallMs), { jti, expiresAtMs }],
});

/** Throws `StoreBusyError`: a workload must not crowd the revocations of others out of the sidecars. */
export function refuseTooManyRevoked(account: Account, wallMs: number): void {
  if (unexpired(account.revoked, wallMs).length < REVOKED_PER_ACCOUNT_MAX) return;
  throw new StoreBusyError(
    'too many grants were given back or renewed before their end; ask again when some would have ended',
  );
}

/**
 * The account without a grant whose token nobody holds; the one that had made place
 * for it comes back. `null` where the grant is gone already, as after a revocation.
 */
export function undoGrant(account: Account, grant: Grant, replaced: Grant | undefined, wallMs: number): Account | null {
  if (!account.grants.some(isGrant(grant.jti))) return null;
  const rest = account.grants.filter(({ jti }) => jti !== grant.jti);
  const message = `grant ${grant.jti} undone: quorum-timeout`;
  if (replaced === undefined) return withEvent({ ...account, grants: rest }, message, wallMs, TAKING_BACK_EVENTS_MAX);
  const revoked = (account.revoked ?? []).filter(({ jti }) => jti !== replaced.jti);
  return withEvent({ ...account, grants: [...rest, replaced], revoked }, message, wallMs, TAKING_BACK_EVENTS_MAX);
}
