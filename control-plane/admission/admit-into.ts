import type { AdmissionScene } from '../../core/admission/admission-scene.ts';
import { admitGrant, type GrantDecision, type GrantRequest } from '../../core/admission/admit-grant.ts';
import { liveGrants } from '../../core/admission/grant.ts';
import { type Account, withEvent } from '../state/account.ts';
import type { AccountChange } from '../state/account-changes.ts';
import { isGrant } from './account-grants.ts';

export type Refused = Extract<GrantDecision, { admitted: false }>;
export type Admitted = Extract<GrantDecision, { admitted: true }> & { readonly generation: number };
/** What became of a request for a grant. */
export type GrantOutcome = Admitted | Refused;

export interface AdmittingNow {
  readonly scene: AdmissionScene;
  readonly wallMs: number;
}

/**
 * Admits into an account, or says why not. A request may come twice, by way of
 * another replica: a grant of its id that is there already is the answer.
 */
export function admitInto(
  account: Account,
  request: GrantRequest,
  grantId: string,
  { scene, wallMs }: AdmittingNow,
): AccountChange<GrantOutcome> {
  const live = liveGrants(account.grants, wallMs);
  const there = account.grants.find(isGrant(grantId));
  const before = there === undefined ? live : live.filter((grant) => grant !== there);
  const decision = admitGrant(request, { scene, live: before, newGrantId: () => grantId, wallMs });
  const { generation } = account;
  if (there !== undefined) {
    const conditional = !decision.admitted || decision.conditional;
    // Whoever admitted it has told of it.
    return { account: null, result: { admitted: true, grant: there, conditional, generation, assessment: null } };
  }
  if (!decision.admitted) return { account: null, result: decision };
  const { grant } = decision;
  const message = `grant ${grant.jti} admitted until ${new Date(grant.expiresAtMs).toISOString()}`;
  return {
    account: withEvent({ ...account, grants: [...live, grant] }, message, wallMs),
    result: { ...decision, generation },
  };
}
