import type { KeyObject } from 'node:crypto';
import { createTokenShare, type TokenShare } from '../../core/admission/check-call.ts';
import type { EdgeRecord } from '../../core/admission/edge-record.ts';
import type { TokenClaims, TokenOutcome } from '../../core/token/token-claims.ts';
import { verifyToken } from '../../core/token/verify-token.ts';
import type { KeyRing } from '../ledger/key-ring.ts';

/** A verified token with its own bucket on every edge that it was used on. */
export interface CachedToken {
  readonly claims: TokenClaims;
  readonly kid: string;
  /** The key that signed it; the verification holds only while the ring still has this very key. */
  readonly key: KeyObject | undefined;
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
  readonly #keys: KeyRing;

  constructor(keys: KeyRing, sizeMax: number) {
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

/** The token's bucket on an edge; its number is bounded by the edges of the ledger. */
export function shareOf(token: CachedToken, edge: EdgeRecord, nowMs: number): TokenShare {
  const known = token.shares.get(edge);
  if (known !== undefined) return known;
  const share = createTokenShare(token.claims.cap.int, edge.limit, nowMs);
  token.shares.set(edge, share);
  return share;
}
