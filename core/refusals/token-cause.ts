import type { Revocations } from '../token/check-claims.ts';
import type { TokenClaims } from '../token/token-claims.ts';
import type { TokenCause } from './refusal-record.ts';

/** What is remembered of a refused token that could be verified. */
export const claimsCause = (claims: TokenClaims, revocations: Pick<Revocations, 'generationOf'>): TokenCause => ({
  fault: '',
  workload: claims.sub,
  grantId: claims.jti,
  audience: claims.aud,
  notBeforeMs: 1000 * claims.nbf,
  expiresAtMs: 1000 * claims.exp,
  generation: claims.gen,
  generationNeeded: revocations.generationOf(claims.sub),
});

/** What is remembered of a token that could not be read or verified: why. Nothing that it says is believed. */
export const unverifiedCause = (fault: string): TokenCause => ({
  fault,
  workload: '',
  grantId: '',
  audience: '',
  notBeforeMs: 0,
  expiresAtMs: 0,
  generation: 0,
  generationNeeded: 0,
});
