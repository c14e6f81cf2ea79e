import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { Revocations } from '../../core/token/check-claims.ts';
import { TOKEN_LEEWAY_MS } from '../../core/token/token-claims.ts';

export const KEYS_MAX = 64;
export const GENERATIONS_MAX = 10_000;
export const REVOKED_MAX = 100_000;

/** A public key as the control plane publishes it: an Ed25519 JWK. */
export interface PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
}

/**
 * What tokens are verified against: the mesh's public keys, the generation of
 * every account and the revoked grants. All bounded; a setter answers false
 * where the bound was reached or the value is none. A revocation that finds no
 * room is the dangerous case: it drops the ones that expire first.
 */
export class KeyRing implements Revocations {
  readonly #keys = new Map<string, KeyObject>();
  readonly #generations = new Map<string, number>();
  /** Expiry of revoked grants by jti, UTC milliseconds. */
  readonly #revoked = new Map<string, number>();

  get keyCount(): number {
    return this.#keys.size;
  }

  /** Changes with the key itself, so that it can be compared to tell whether a kept verification still holds. */
  keyOf(kid: string): KeyObject | undefined {
    return this.#keys.get(kid);
  }

  setKey(kid: string, jwk: unknown): boolean {
    if (!isPublicJwk(jwk) || (this.#keys.size >= KEYS_MAX && !this.#keys.has(kid))) return false;
    try {
      const key = createPublicKey({ key: { kty: jwk.kty, crv: jwk.crv, x: jwk.x }, format: 'jwk' });
      if (this.#keys.get(kid)?.equals(key) !== true) this.#keys.set(kid, key);
      return true;
    } catch {
      return false;
    }
  }

  deleteKey(kid: string): void {
    this.#keys.delete(kid);
  }

  /** Generations only grow: news that arrives late changes nothing. */
  setGeneration(workload: string, generation: number): boolean {
    if (!Number.isSafeInteger(generation) || generation < 0) return false;
    const known = this.#generations.get(workload);
    if (known === undefined && this.#generations.size >= GENERATIONS_MAX) return false;
    this.#generations.set(workload, Math.max(known ?? 0, generation));
    return true;
  }

  generationOf(workload: string): number {
    return this.#generations.get(workload) ?? 0;
  }

  /** Kept until the grant has expired by itself (`expMs`, UTC). */
  revoke(jti: string, expMs: number): void {
    this.#revoked.set(jti, expMs);
    if (this.#revoked.size > REVOKED_MAX) this.#dropFirstToExpire();
  }

  isRevoked(jti: string): boolean {
    return this.#revoked.has(jti);
  }

  /** Forgets revocations of grants that have expired by themselves. */
  forgetExpired(wallMs: number): void {
    for (const [jti, expMs] of this.#revoked) {
      if (expMs + TOKEN_LEEWAY_MS < wallMs) this.#revoked.delete(jti);
    }
  }

  readonly verify = (kid: string, signingInput: string, signature: Uint8Array): boolean => {
    const key = this.#keys.get(kid);
    return key !== undefined && signature.length === 64 && verify(null, Buffer.from(signingInput), key, signature);
  };

  #dropFirstToExpire(): void {
    let first = '';
    let firstMs = Number.POSITIVE_INFINITY;
    for (const [jti, expMs] of this.#revoked) {
      if (expMs < firstMs) [first, firstMs] = [jti, expMs];
    }
    this.#revoked.delete(first);
  }
}

function isPublicJwk(value: unknown): value is PublicJwk {
  if (typeof value !== 'object' || value === null) return false;
  const { kty, crv, x } = value as Partial<Record<keyof PublicJwk, unknown>>;
  return kty === 'OKP' && crv === 'Ed25519' && typeof x === 'string';
}
