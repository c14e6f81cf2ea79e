import { createHmac, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import type { VerifySignature } from '../../core/token/verify-token.ts';

/** A signing key of the tests, with its public JWK as the control plane would publish it. */
export interface TestKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: { readonly kty: string; readonly crv: string; readonly x: string; readonly kid: string };
}

export function makeKey(kid: string): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x } = publicKey.export({ format: 'jwk' });
  return { kid, privateKey, publicKey, jwk: { kty: 'OKP', crv: 'Ed25519', x: String(x), kid } };
}

/** The start of the worked example (CONTRACT §I), seconds. */
export const ISSUED_AT = 1_800_000_000;

/** Claims of token A of the worked example. */
export const claimsOfA = {
  iss: 'capmesh',
  aud: 'shop',
  sub: 'checkout',
  jti: 'grant-a',
  iat: ISSUED_AT,
  nbf: ISSUED_AT,
  exp: ISSUED_AT + 3600,
  tenant: 'shop',
  prio: 7,
  gen: 1,
  cap: { int: 0.5, ptr: 0.5 },
};

export const encodePart = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export function signToken(key: TestKey, claims: object, header: object = {}): string {
  const input = `${encodePart({ alg: 'EdDSA', typ: 'capmesh+jwt', kid: key.kid, ...header })}.${encodePart(claims)}`;
  return `${input}.${sign(null, Buffer.from(input), key.privateKey).toString('base64url')}`;
}

/** The classic confusion: an HMAC keyed with the bytes of our public key. */
export function signWithPublicKeyAsSecret(key: TestKey, claims: object, alg = 'HS256'): string {
  const input = `${encodePart({ alg, typ: 'capmesh+jwt', kid: key.kid })}.${encodePart(claims)}`;
  const secret = Buffer.from(key.jwk.x, 'base64url');
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

export function unsignedToken(key: TestKey, claims: object): string {
  return `${encodePart({ alg: 'none', typ: 'capmesh+jwt', kid: key.kid })}.${encodePart(claims)}.`;
}

export function flipSignatureBit(token: string): string {
  const [header, payload, signature] = token.split('.');
  const bytes = Buffer.from(signature!, 'base64url');
  bytes[10] = bytes[10]! ^ 1;
  return `${header}.${payload}.${bytes.toString('base64url')}`;
}

export const verifierOf =
  (...keys: TestKey[]): VerifySignature =>
  (kid, input, signature) => {
    const key = keys.find((candidate) => candidate.kid === kid);
    return key !== undefined && verify(null, Buffer.from(input), key.publicKey, signature);
  };
