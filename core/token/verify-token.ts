import { readClaims } from './read-claims.ts';
import { readToken } from './read-token.ts';
import { type TokenClaims, type TokenOutcome, tokenRefused } from './token-claims.ts';

/**
 * Whether the Ed25519 key `kid` signed `signingInput` (ASCII); false for a key
 * that is not known and for any signature that is not one, whatever its length.
 */
export type VerifySignature = (kid: string, signingInput: string, signature: Uint8Array) => boolean;

/** A token of ours: what it says, and the key that signed it. */
export interface VerifiedToken {
  readonly kid: string;
  readonly claims: TokenClaims;
}

/**
 * The claims of a compact token that one of our keys signed. Total. Whether the
 * claims hold now is `checkClaims`' question: this answer may be kept, that may not.
 */
export function verifyToken(text: string, verify: VerifySignature): TokenOutcome<VerifiedToken> {
  const token = readToken(text);
  if (!token.ok) return token;
  const { header, payload, signingInput, signature } = token.value;
  if (!verify(header.kid, signingInput, signature)) {
    return tokenRefused('token-signature', 'no key of this mesh signed the token');
  }
  const claims = readClaims(payload);
  return claims.ok ? { ok: true, value: { kid: header.kid, claims: claims.value } } : claims;
}
