import { SignJWT } from 'jose';
import { AXES, type CapacityVector } from '../../core/capacity/capacity-vector.ts';
import { TOKEN_ALG, TOKEN_ISSUER, TOKEN_TYP } from '../../core/token/token-claims.ts';
import type { SigningKey } from '../state/key-store.ts';

/** Claims that differ from token to token (CONTRACT §E). Times in UTC milliseconds. */
export interface TokenContent {
  readonly mesh: string;
  readonly workload: string;
  readonly tenant: string;
  readonly prio: number;
  readonly jti: string;
  readonly generation: number;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly vector: CapacityVector;
}

/** The capacity token of one grant: an EdDSA JWT. Axes without a value are left out. */
export async function signToken(key: SigningKey, content: TokenContent): Promise<string> {
  const cap = Object.fromEntries(
    AXES.flatMap((axis) => (content.vector[axis] === null ? [] : [[axis, content.vector[axis]]])),
  );
  const issuedAt = content.issuedAtMs / 1000;
  return await new SignJWT({ tenant: content.tenant, prio: content.prio, gen: content.generation, cap })
    .setProtectedHeader({ alg: TOKEN_ALG, typ: TOKEN_TYP, kid: key.kid })
    .setIssuer(TOKEN_ISSUER)
    .setAudience(content.mesh)
    .setSubject(content.workload)
    .setJti(content.jti)
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setExpirationTime(content.expiresAtMs / 1000)
    .sign(key.privateKey);
}
