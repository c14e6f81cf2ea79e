import type { Clock } from '../../platform/clock.ts';
import { type KeyStore, lastUseMs, type PublishedKey } from './key-store.ts';
import { type SigningKey, SigningKeyFiles } from './signing-key.ts';

/**
 * From the publication of a key to its first signature. Sidecars hear of a key
 * within milliseconds; one that has to connect anew needs a second or two, and
 * whoever reads the JWKS may keep it for half of this time.
 */
export const KEY_LEAD_MS = 10_000;
/** A key whose end was reckoned by another clock stays for this much longer. */
const CLOCK_LEEWAY_MS = 60_000;
/** Public keys that may be published together; sidecars hold four times as many. */
export const KEYS_PUBLISHED_MAX = 16;

/** Of a public key: published and not in use yet, in use, or only good for what it signed before. */
export type KeyState = 'next' | 'signing' | 'retiring';

/** A public key as operators see it. */
export interface KeyView extends PublishedKey {
  readonly state: KeyState;
  /** The replica that answers holds the private key. */
  readonly own: boolean;
}

export interface KeyRotationOptions {
  /** Holds the private keys of this replica. */
  readonly stateDir: string;
  readonly store: Pick<KeyStore, 'keys' | 'publishKey' | 'dropKey'>;
  /** When the last of all live grants ends, UTC milliseconds; 0 = there is none. */
  readonly lastGrantEndMs: () => number;
  readonly clock: Clock;
}

/**
 * The signing key of one replica, which changes with an overlap: the next key is
 * published first and signs once sidecars had time to see it; the one before
 * stays published until the last token that it signed has ended. A crash at any
 * point leaves a key that signs and is published; a rotation under way then
 * waits its whole time again.
 */
export class KeyRotation {
  readonly #options: KeyRotationOptions;
  readonly #files: SigningKeyFiles;
  #current: SigningKey;
  /** Published and waiting, since a monotonic time. */
  #next: { readonly key: SigningKey; readonly sinceMs: number } | null = null;
  /** Signs no longer; the sidecars are still to be told until when it is good. */
  #retired: PublishedKey | null = null;
  /** Published keys whose end this process reckoned by its own clock. */
  readonly #retiredHere = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: KeyRotationOptions, files: SigningKeyFiles, current: SigningKey) {
    this.#options = options;
    this.#files = files;
    this.#current = current;
  }

  /** Loads the replica's key, or makes it, and publishes it; takes up a rotation that was under way. */
  static async open(options: KeyRotationOptions): Promise<KeyRotation> {
    const files = new SigningKeyFiles(options.stateDir);
    const rotation = new KeyRotation(options, files, await files.current());
    await rotation.#publish(rotation.#current);
    const next = await files.next();
    if (next !== null) await rotation.#announce(next);
    return rotation;
  }

  /** Signs tokens now. */
  get current(): SigningKey {
    return this.#current;
  }

  /** Public keys of all replicas, oldest first. */
  list(): KeyView[] {
    const wallMs = this.#options.clock.wallMs();
    const own = new Set([this.#current.kid, this.#next?.key.kid]);
    return this.#options.store
      .keys()
      .map((key) => ({ ...key, state: this.#stateOf(key, wallMs), own: own.has(key.kid) }));
  }

  /** Begins a rotation, unless one is under way; `false` where too many keys are still published. */
  rotate(): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.#next !== null) return true;
      if (this.#options.store.keys().length >= KEYS_PUBLISHED_MAX) return false;
      await this.#announce((await this.#files.next()) ?? (await this.#files.makeNext()));
      return true;
    });
  }

  /** Does what is due. Call it about every second; what fails is done by a later call. */
  advance(): Promise<void> {
    return this.#inTurn(async () => {
      const { store, clock } = this.#options;
      if (this.#retired === null && this.#next !== null && clock.monotonicMs() - this.#next.sinceMs >= KEY_LEAD_MS) {
        this.#switchTo(this.#next.key);
      }
      if (this.#retired !== null) {
        await store.publishKey(this.#retired);
        this.#files.promoteNext();
        this.#retired = null;
      }
      const wallMs = clock.wallMs();
      for (const { kid, endsAtMs } of store.keys()) {
        const leewayMs = this.#retiredHere.has(kid) ? 0 : CLOCK_LEEWAY_MS;
        if (endsAtMs === null || endsAtMs + leewayMs >= wallMs || kid === this.#current.kid) continue;
        await store.dropKey(kid);
        this.#retiredHere.delete(kid);
      }
    });
  }

  /** From here on nothing is signed with the old key; whatever it signed has its grant in the ledger. */
  #switchTo(next: SigningKey): void {
    const { clock, lastGrantEndMs } = this.#options;
    const endsAtMs = lastUseMs(Math.max(lastGrantEndMs(), clock.wallMs()));
    this.#retired = { ...this.#published(this.#current), endsAtMs };
    this.#retiredHere.add(this.#current.kid);
    this.#current = next;
    this.#next = null;
  }

  async #announce(key: SigningKey): Promise<void> {
    const { store, clock } = this.#options;
    await store.publishKey({ ...this.#published(key), signsFromMs: clock.wallMs() + KEY_LEAD_MS });
    this.#next = { key, sinceMs: clock.monotonicMs() };
  }

  #publish(key: SigningKey): Promise<void> {
    return this.#options.store.publishKey(this.#published(key));
  }

  #published({ kid, publicJwk }: SigningKey): PublishedKey {
    const { store, clock } = this.#options;
    const known = store.keys().find((key) => key.kid === kid);
    return { kid, jwk: publicJwk, signsFromMs: known?.signsFromMs ?? clock.wallMs(), endsAtMs: null };
  }

  #stateOf({ kid, signsFromMs, endsAtMs }: PublishedKey, wallMs: number): KeyState {
    if (kid === this.#current.kid) return 'signing';
    if (endsAtMs !== null || kid === this.#retired?.kid) return 'retiring';
    return kid === this.#next?.key.kid || signsFromMs > wallMs ? 'next' : 'signing';
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => {});
    return mine;
  }
}
