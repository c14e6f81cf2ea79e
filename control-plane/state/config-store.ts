import type { Logger } from '../../platform/logger.ts';
import { type ConfigView, configView, type StoredObject } from './config-view.ts';
import { type BucketEntry, endsBatch, followBucket } from './follow-bucket.ts';
import type { Follower } from './keep-following.ts';
import { messagesAfter } from './messages-after.ts';
import { CONFIG_BUCKET, type Store, streamOf } from './open-store.ts';
import { type BatchOutcome, publishBatch } from './publish-batch.ts';

const REACHED_TIMEOUT_MS = 5000;

/** One object to write, or to delete where `value` is `null`. */
export interface ConfigChange {
  readonly key: string;
  readonly value: object | null;
}

/** What was written at once. */
export interface StoredEdit {
  /** Sequence of its last write. */
  readonly revision: number;
  /** Of the objects that were written or deleted. */
  readonly keys: readonly string[];
  /** When the store took it, UTC milliseconds. */
  readonly wallMs: number;
}

/**
 * The desired state of the mesh in the bucket `capmesh_config`. `view` follows
 * the store and moves from one stored batch to the next, never through the
 * middle of one.
 */
export class ConfigStore {
  readonly #store: Store;
  readonly #mesh: string;
  readonly #objects = new Map<string, StoredObject>();
  /** Newest sequence of every key that was ever written, deletions too. */
  readonly #sequences = new Map<string, number>();
  readonly #listeners = new Set<(view: ConfigView) => void>();
  readonly #waiters = new Set<(view: ConfigView) => void>();
  #follower: Follower | undefined;
  #lastSequence = 0;
  #view: ConfigView;

  private constructor(store: Store, mesh: string) {
    this.#store = store;
    this.#mesh = mesh;
    this.#view = configView(mesh, this.#objects, 0);
  }

  /** Reads what is stored, then follows it until `stop`. */
  static async open(store: Store, mesh: string, logger: Logger): Promise<ConfigStore> {
    const opened = new ConfigStore(store, mesh);
    opened.#follower = await followBucket(
      store.jetstream,
      {
        bucket: CONFIG_BUCKET,
        onEntry: (entry) => opened.#take(entry),
        onWhole: () => opened.#publish(),
      },
      logger,
    );
    return opened;
  }

  get view(): ConfigView {
    return this.#view;
  }

  /** Calls `listener` with the present view and with each one after it. Returns the way to end that. */
  subscribe(listener: (view: ConfigView) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#view);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Stores all changes or none. They were computed from `base`; if anything has
   * been written since, the answer is `stale`. Returns when `view` shows them.
   */
  async commit(base: ConfigView, changes: readonly ConfigChange[]): Promise<BatchOutcome> {
    const outcome = await publishBatch(
      this.#store.connection,
      changes.map(({ key, value }) => ({
        subject: `$KV.${CONFIG_BUCKET}.${key}`,
        payload: value === null ? '' : JSON.stringify(value),
        expectedRevision: this.#sequences.get(key) ?? 0,
        ...(value === null ? { headers: { 'KV-Operation': 'DEL' } } : {}),
      })),
      base.revision,
    );
    if (outcome.kind !== 'too-large') {
      await this.reached(outcome.kind === 'stored' ? outcome.revision : base.revision + 1);
    }
    return outcome;
  }

  /**
   * Edits after a revision, oldest first, then as they come, until `signal` aborts.
   * The store remembers the newest five writes of an object; of older edits what
   * has been overwritten since is left out.
   */
  async *edits(afterRevision: number, signal: AbortSignal): AsyncGenerator<StoredEdit> {
    const where = { stream: streamOf(CONFIG_BUCKET), after: afterRevision, subjects: [] };
    let keys: string[] = [];
    for await (const { subject, sequence, headers, wallMs } of messagesAfter(this.#store.jetstream, where, signal)) {
      keys.push(subject.slice(`$KV.${CONFIG_BUCKET}.`.length));
      if (!endsBatch({ headers })) continue;
      yield { revision: sequence, keys, wallMs: Math.floor(wallMs) };
      keys = [];
    }
  }

  /** Settles when `view` has come to this revision; rejects after 5 s. */
  async reached(revision: number): Promise<void> {
    if (this.#view.revision >= revision) {
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`the store did not show revision ${revision} within ${REACHED_TIMEOUT_MS} ms`));
      }, REACHED_TIMEOUT_MS);
      const waiter = (view: ConfigView): void => {
        if (view.revision >= revision) {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          resolve();
        }
      };
      this.#waiters.add(waiter);
    });
  }

  stop(): void {
    this.#follower?.stop();
    this.#listeners.clear();
  }

  /** Throws on a value that is no JSON; the object stays as it was. */
  #take({ key, revision, value }: BucketEntry): void {
    if (revision <= (this.#sequences.get(key) ?? 0)) return;
    this.#sequences.set(key, revision);
    this.#lastSequence = Math.max(this.#lastSequence, revision);
    if (value === null) this.#objects.delete(key);
    else this.#objects.set(key, { value: JSON.parse(Buffer.from(value).toString()) as unknown, revision });
  }

  #publish(): void {
    this.#view = configView(this.#mesh, this.#objects, this.#lastSequence);
    for (const listener of [...this.#listeners, ...this.#waiters]) {
      listener(this.#view);
    }
  }
}
