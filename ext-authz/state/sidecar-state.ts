import type { EdgeLedger } from '../../core/admission/edge-ledger.ts';
import type { Clock } from '../../platform/clock.ts';
import { Lease } from '../../proto/gen/capmesh/v1/lease.ts';
import { type KeyRing, REVOKED_MAX } from '../ledger/key-ring.ts';

/** One entry of the leases or keys bucket as it was read; a deleted key has no value. */
export interface StoreEntry {
  readonly key: string;
  readonly value: Uint8Array | null;
  /** When the entry was written, UTC milliseconds. */
  readonly writtenMs: number;
}

/** What a sidecar must remember over its own restart; plain JSON. */
export interface SavedState {
  readonly version: 1;
  /** When the control plane was last heard, UTC milliseconds. */
  readonly lastWordWallMs: number;
  /** `capmesh.v1.Lease`, base64. */
  readonly lease: string | null;
  readonly jwks: Readonly<Record<string, unknown>>;
  readonly generations: Readonly<Record<string, number>>;
  /** Expiry by jti, UTC milliseconds. */
  readonly revoked: Readonly<Record<string, number>>;
}

/** Whether an entry was taken in, or why it was passed over. */
export type Taken = 'taken' | 'stale' | 'invalid';

const text = new TextDecoder();

/**
 * What the control plane told this sidecar: the lease and the keys, from the
 * store or from the last run. The control plane counts as heard whenever it
 * writes this node's lease; it therefore writes an unchanged lease again well
 * within the lease's length. The age of an entry tells how long ago that was, so
 * that reading an old entry anew does not bring a dead control plane to life.
 */
export class SidecarState {
  readonly #ledger: EdgeLedger;
  readonly #keys: KeyRing;
  readonly #clock: Clock;
  #lease: Lease | null = null;
  #lastWordMs = Number.NEGATIVE_INFINITY;
  #leaseRead = false;
  readonly #saved = {
    jwks: new Map<string, unknown>(),
    generations: new Map<string, number>(),
    revoked: new Map<string, number>(),
  };

  constructor(ledger: EdgeLedger, keys: KeyRing, clock: Clock) {
    this.#ledger = ledger;
    this.#keys = keys;
    this.#clock = clock;
  }

  /** Monotonic time of the last word of the control plane; −∞ before the first. */
  get lastWordMs(): number {
    return this.#lastWordMs;
  }

  /** Knows its lease (or that it has none) and a key, from the store or from disk: only then may calls be judged. */
  get ready(): boolean {
    return (this.#leaseRead || this.#lease !== null) && this.#keys.keyCount > 0;
  }

  /**
   * Puts a lease in force. Of a lower epoch than the one in force it is the late
   * write of a leader that is none any more, unless the store was read anew.
   */
  takeLease({ value, writtenMs }: StoreEntry, anew: boolean): Taken {
    if (value === null) return 'stale';
    const lease = decodeLease(value);
    if (lease === null) return 'invalid';
    if (!anew && this.#lease !== null && lease.epoch < this.#lease.epoch) return 'stale';
    const nowMs = this.#clock.monotonicMs();
    this.#lease = lease;
    const ageMs = Math.max(0, this.#clock.wallMs() - writtenMs);
    this.#ledger.applyLease(lease, nowMs, nowMs - ageMs);
    this.#lastWordMs = Math.max(this.#lastWordMs, nowMs - ageMs);
    return 'taken';
  }

  /** `jwk.<kid>` JSON, `gen.<workload>` a number, `revoked.<jti>` when the grant expires, UTC milliseconds. */
  takeKey({ key, value }: StoreEntry): Taken {
    const dot = key.indexOf('.');
    const kind = key.slice(0, dot);
    const name = key.slice(dot + 1);
    if (value === null) return this.#dropKey(kind, name);
    const content = parseJson(value);
    if (kind === 'jwk') return this.#takeJwk(name, content);
    if (kind === 'gen') return this.#takeGeneration(name, content);
    if (kind === 'revoked') {
      // Whatever its expiry looks like, a revocation holds.
      this.#takeRevocation(name, typeof content === 'number' ? content : Number.MAX_SAFE_INTEGER);
      return 'taken';
    }
    return 'invalid';
  }

  /** The store has told whether there is a lease for this node. */
  leaseRead(): void {
    this.#leaseRead = true;
  }

  /** Drops every public key but these, after all present ones were read. */
  keepKeys(kids: ReadonlySet<string>): void {
    if (kids.size === 0) return;
    for (const kid of [...this.#saved.jwks.keys()]) {
      if (!kids.has(kid)) this.#dropKey('jwk', kid);
    }
  }

  /** Forgets what has run out by itself. */
  forgetExpired(): void {
    const wallMs = this.#clock.wallMs();
    this.#keys.forgetExpired(wallMs);
    for (const jti of [...this.#saved.revoked.keys()]) {
      if (!this.#keys.isRevoked(jti)) this.#saved.revoked.delete(jti);
    }
  }

  save(): SavedState {
    const silentMs = this.#clock.monotonicMs() - this.#lastWordMs;
    return {
      version: 1,
      lastWordWallMs: Number.isFinite(silentMs) ? this.#clock.wallMs() - silentMs : 0,
      lease: this.#lease === null ? null : Buffer.from(Lease.encode(this.#lease).finish()).toString('base64'),
      jwks: Object.fromEntries(this.#saved.jwks),
      generations: Object.fromEntries(this.#saved.generations),
      revoked: Object.fromEntries(this.#saved.revoked),
    };
  }

  /** Takes over what an earlier run saved; anything in it that is not well-formed is passed over. */
  restore(saved: SavedState): void {
    for (const [kid, jwk] of Object.entries(saved.jwks)) this.#takeJwk(kid, jwk);
    for (const [workload, generation] of Object.entries(saved.generations)) this.#takeGeneration(workload, generation);
    for (const [jti, expMs] of Object.entries(saved.revoked)) this.#takeRevocation(jti, expMs);
    if (saved.lease !== null) {
      const value = Buffer.from(saved.lease, 'base64');
      this.takeLease({ key: '', value, writtenMs: saved.lastWordWallMs }, true);
    }
  }

  #takeJwk(kid: string, jwk: unknown): Taken {
    if (!this.#keys.setKey(kid, jwk)) return 'invalid';
    this.#saved.jwks.set(kid, jwk);
    return 'taken';
  }

  #takeGeneration(workload: string, generation: unknown): Taken {
    if (typeof generation !== 'number' || !this.#keys.setGeneration(workload, generation)) return 'invalid';
    this.#saved.generations.set(workload, this.#keys.generationOf(workload));
    return 'taken';
  }

  #takeRevocation(jti: string, expMs: number): void {
    this.#keys.revoke(jti, expMs);
    this.#saved.revoked.set(jti, expMs);
    if (this.#saved.revoked.size > REVOKED_MAX) this.forgetExpired();
  }

  /** A generation is never taken back, and a revocation ends with its grant. */
  #dropKey(kind: string, name: string): Taken {
    if (kind !== 'jwk') return 'stale';
    this.#keys.deleteKey(name);
    this.#saved.jwks.delete(name);
    return 'taken';
  }
}

function decodeLease(value: Uint8Array): Lease | null {
  try {
    return Lease.decode(value);
  } catch {
    return null;
  }
}

function parseJson(value: Uint8Array): unknown {
  try {
    return JSON.parse(text.decode(value));
  } catch {
    return undefined;
  }
}
