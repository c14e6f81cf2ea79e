import { TOKEN_ISSUER, TOKEN_LEEWAY_MS, type TokenClaims, type TokenReason } from './token-claims.ts';

/** What is known about revocations. Looked at on every call, so that a cached token falls with them. */
export interface Revocations {
  /** Current generation of a workload's account; 0 where none is known. */
  generationOf(workload: string): number;
  isRevoked(jti: string): boolean;
}

/**
 * Whether verified claims hold now, with 2 s leeway on both ends (CONTRACT §A, §E).
 * `wallMs` is UTC. Answers `null` when they do. A generation newer than the one
 * we know of is good: our own news may be late.
 */
export function checkClaims(
  claims: TokenClaims,
  mesh: string,
  revocations: Revocations,
  wallMs: number,
): TokenReason | null {
  if (claims.iss !== TOKEN_ISSUER) return 'token-signature';
  if (claims.aud !== mesh) return 'token-audience';
  if (claims.nbf * 1000 > wallMs + TOKEN_LEEWAY_MS) return 'token-not-yet-valid';
  if (claims.exp * 1000 + TOKEN_LEEWAY_MS <= wallMs) return 'token-expired';
  if (claims.gen < revocations.generationOf(claims.sub)) return 'token-revoked';
  if (revocations.isRevoked(claims.jti)) return 'token-revoked';
  return null;
}
