import type { JetStreamManager } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { JWK } from 'jose';
import { TOKEN_LEEWAY_MS } from '../../core/token/token-claims.ts';
import type { Logger } from '../../platform/logger.ts';
import { type BucketEntry, followBucket } from './follow-bucket.ts';
import type { Follower } from './keep-following.ts';
import { KEYS_BUCKET, type Store, streamOf } from './open-store.ts';

type KeyBucket = Pick<Store, 'keys' | 'manager' | 'jetstream'>;

const KEYS_STREAM = streamOf(KEYS_BUCKET);

/** A public key of some replica, and when it signs. Times in UTC milliseconds. */
export interface PublishedKey {
  readonly kid: string;
  /** RFC 7517: kty, crv, x, kid, alg, use. */
  readonly jwk: JWK;
  readonly signsFromMs: number;
  /** When the last token that it signed has ended; `null` while it signs. */
  readonly endsAtMs: number | null;
}

/** What `jwk.<kid>` holds: a JWK with members of ours, which verifiers pass over. */
type StoredJwk = JWK & { readonly capmesh?: { readonly signsFromMs: number; readonly endsAtMs: number | null } };

/**
 * What sidecars check tokens with, in the bucket `capmesh_keys`: `jwk.<kid>` =
 * public JWK, `gen.<workload>` = generation, `revoked.<jti>` = expiry of a
 * revoked grant, UTC milliseconds. Writing the same again is harmless.
 */
export class KeyStore {
  readonly #kv: KV;
  readonly #manager: JetStreamManager;
  readonly #keys = new Map<string, PublishedKey>();
  readonly #generations = new Map<string, number>();
  /** Expiry by jti; as many as grants were taken back that have not ended. */
  readonly #revoked = new Map<string, number>();
  #follower: Follower | undefined;

  private constructor({ keys, manager }: KeyBucket) {
    this.#kv = keys;
    this.#manager = manager;
  }

  static async open(bucket: KeyBucket, logger: Logger): Promise<KeyStore> {
    const store = new KeyStore(bucket);
    const followed = { bucket: KEYS_BUCKET, onEntry: store.#take.bind(store) };
    store.#follower = await followBucket(bucket.jetstream, followed, logger);
    return store;
  }

  /** Public keys of all replicas, oldest first. */
  keys(): PublishedKey[] {
    return [...this.#keys.values()].sort((one, other) => one.signsFromMs - other.signsFromMs);
  }

  async publishKey(key: PublishedKey): Promise<void> {
    const { kid, jwk, signsFromMs, endsAtMs } = key;
    const stored: StoredJwk = { ...jwk, capmesh: { signsFromMs, endsAtMs } };
    await this.#kv.put(`jwk.${kid}`, JSON.stringify(stored));
    this.#keys.set(kid, key);
  }

  /** Sidecars refuse whatever this key signed from then on. */
  async dropKey(kid: string): Promise<void> {
    await this.#kv.purge(`jwk.${kid}`);
    this.#keys.delete(kid);
  }

  async publishGeneration(workload: string, generation: number): Promise<void> {
    await this.#kv.put(`gen.${workload}`, JSON.stringify(generation));
    this.#generations.set(workload, generation);
  }

  /** Publishes a generation that a crash may have kept from being published. */
  async ensureGeneration(workload: string, generation: number): Promise<void> {
    if ((this.#generations.get(workload) ?? 0) < generation) await this.publishGeneration(workload, generation);
  }

  async revokeGrant(jti: string, expiresAtMs: number): Promise<void> {
    await this.#kv.put(`revoked.${jti}`, JSON.stringify(expiresAtMs));
  }

  /** Whether the sidecars were told, as far as this replica has heard. */
  isRevoked(jti: string): boolean {
    return this.#revoked.has(jti);
  }

  /** Forgets revocations whose grants have expired; `leewayMs` is kept on top. */
  async dropExpiredRevocations(wallMs: number, leewayMs: number): Promise<number> {
    let dropped = 0;
    for (const [jti, expiresAtMs] of [...this.#revoked]) {
      if (expiresAtMs + leewayMs >= wallMs) continue;
      // Unlike a purge of the key, this leaves no mark behind; watchers forget by the expiry that they know.
      await this.#manager.streams.purge(KEYS_STREAM, { filter: `$KV.${KEYS_BUCKET}.revoked.${jti}` });
      this.#revoked.delete(jti);
      dropped += 1;
    }
    return dropped;
  }

  stop(): void {
    this.#follower?.stop();
  }

  #take({ key, value }: BucketEntry): void {
    const dot = key.indexOf('.');
    const name = key.slice(dot + 1);
    const content: unknown = value === null ? null : JSON.parse(new TextDecoder().decode(value));
    if (key.startsWith('jwk.')) {
      if (content === null) this.#keys.delete(name);
      else this.#keys.set(name, publishedKey(name, content as StoredJwk));
    } else if (key.startsWith('gen.')) {
      this.#generations.set(name, Number(content));
    } else if (key.startsWith('revoked.')) {
      if (typeof content === 'number') this.#revoked.set(name, content);
      else this.#revoked.delete(name);
    }
  }
}

/** When a token that ends at `expiresAtMs` passes on no sidecar any more. */
export const lastUseMs = (expiresAtMs: number): number => expiresAtMs + TOKEN_LEEWAY_MS;

const publishedKey = (kid: string, { capmesh, ...jwk }: StoredJwk): PublishedKey => ({
  kid,
  jwk,
  signsFromMs: capmesh?.signsFromMs ?? 0,
  endsAtMs: capmesh?.endsAtMs ?? null,
});
