import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import { verifyToken } from '../../core/token/verify-token.ts';

/** What is known of a signature. */
export type SignatureCheck =
  | { readonly state: 'good' }
  | { readonly state: 'bad'; readonly why: string }
  | { readonly state: 'unverified'; readonly why: string };

const PATIENCE_MS = 2000;

/** Checks a token against the keys that a control plane publishes; `null` = none is known. */
export async function checkSignature(token: string, jwksUrl: string | null): Promise<SignatureCheck> {
  if (jwksUrl === null) return { state: 'unverified', why: 'no mesh runs here; name the keys with --jwks' };
  let keys: ReadonlyMap<string, KeyObject>;
  try {
    keys = await fetchKeys(jwksUrl);
  } catch (error) {
    return { state: 'unverified', why: `no keys at ${jwksUrl}: ${error instanceof Error ? error.message : error}` };
  }
  const verified = verifyToken(token, (kid, text, signature) => {
    const key = keys.get(kid);
    return key !== undefined && verify(null, Buffer.from(text), key, signature);
  });
  return verified.ok ? { state: 'good' } : { state: 'bad', why: verified.message };
}

async function fetchKeys(url: string): Promise<Map<string, KeyObject>> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) throw new Error(`it answers ${answer.status}`);
  const { keys } = (await answer.json()) as { readonly keys: readonly (JsonWebKey & { readonly kid: string })[] };
  return new Map(keys.map((jwk) => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]));
}
