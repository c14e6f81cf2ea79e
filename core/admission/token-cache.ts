import type { TokenClaims, TokenOutcome } from '../token/token-claims.ts';
import { type VerifySignature, verifyToken } from '../token/verify-token.ts';
import { createTokenShare, type TokenShare } from './check-call.ts';
import type { EdgeRecord } from './edge-record.ts';

/** Public keys that tokens are verified with. */
export interface TokenKeys {
  readonly verify: VerifySignature;
  /** Changes with the key itself, so that it can be compared to tell whether a kept verification still holds. */
  keyOf(kid: string): unknown;
}

/** A verified token with its own bucket on every edge that it was used on. */
export interface CachedToken {
  readonly claims: TokenClaims;
  readonly kid: string;
  /** The key that signed it; the verification holds only while this very key is still known. */
  readonly key: unknown;
  readonly shares: Map<EdgeRecord, TokenShare>;
}

/**
 * Verified tokens by their text, least recently used ones dropped. Only the
 * signature is remembered: expiry, generation and revocation are looked at on
 * every call. A token that is dropped and comes back starts with a full bucket of
 * its own, still inside the edge's.
 */
export class TokenCache {
  readonly #entries = new Map<string, CachedToken>();
  readonly #sizeMax: number;
  readonly #keys: TokenKeys;

  constructor(keys: TokenKeys, sizeMax: number) {
    this.#keys = keys;
    this.#sizeMax = sizeMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The verified token of this text, or why there is none. Refusals are not kept. */
  read(text: string): TokenOutcome<CachedToken> {
    const known = this.#entries.get(text);
    if (known !== undefined) {
      this.#entries.delete(text);
      if (known.key === this.#keys.keyOf(known.kid)) {
        this.#entries.set(text, known);
        return { ok: true, value: known };
      }
    }
    const token = verifyToken(text, this.#keys.verify);
    if (!token.ok) return token;
    const { kid, claims } = token.value;
    const entry: CachedToken = { claims, kid, key: this.#keys.keyOf(kid), shares: new Map() };
    this.#entries.set(text, entry);
    if (this.#entries.size > this.#sizeMax) this.#dropOldest();
    return { ok: true, value: entry };
  }

  #dropOldest(): void {
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}

/** The token's bucket on an edge; there are no more of them than edges. */
export function shareOf(token: CachedToken, edge: EdgeRecord, nowMs: number): TokenShare {
  const known = token.shares.get(edge);
  if (known !== undefined) return known;
  const share = createTokenShare(token.claims.cap.int, edge.limit, nowMs);
  token.shares.set(edge, share);
  return share;
}
