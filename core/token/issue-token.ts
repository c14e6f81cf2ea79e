import { AXES, type CapacityVector } from '../capacity/capacity-vector.ts';
import { encodeBase64url } from './encode-base64url.ts';
import { TOKEN_ALG, TOKEN_ISSUER, TOKEN_TYP } from './token-claims.ts';

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

/** A private Ed25519 key that signs tokens. */
export interface TokenSigner {
  /** Names the public key in the token's header. */
  readonly kid: string;
  /** The 64 bytes of the signature of an ASCII text. */
  readonly sign: (signingInput: string) => Uint8Array;
}

/** The capacity token of one grant: an EdDSA JWT. Axes without a value are left out. */
export function issueToken(content: TokenContent, { kid, sign }: TokenSigner): string {
  const { mesh, workload, tenant, prio, jti, generation, issuedAtMs, expiresAtMs, vector } = content;
  const cap = Object.fromEntries(AXES.flatMap((axis) => (vector[axis] === null ? [] : [[axis, vector[axis]]])));
  const iat = issuedAtMs / 1000;
  const claims = {
    iss: TOKEN_ISSUER,
    aud: mesh,
    sub: workload,
    jti,
    iat,
    nbf: iat,
    exp: expiresAtMs / 1000,
    tenant,
    prio,
    gen: generation,
    cap,
  };
  const signingInput = `${encodePart({ alg: TOKEN_ALG, typ: TOKEN_TYP, kid })}.${encodePart(claims)}`;
  return `${signingInput}.${encodeBase64url(sign(signingInput))}`;
}

const utf8 = new TextEncoder();

const encodePart = (part: object): string => encodeBase64url(utf8.encode(JSON.stringify(part)));
