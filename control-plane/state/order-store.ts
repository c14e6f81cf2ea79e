import type { KV } from '@nats-io/kv';
import type { ActionControl } from '../../core/kernel/kernel-io.ts';
import type { Logger } from '../../platform/logger.ts';
import { ATTEMPTS_MAX, putIfUnchanged, StoreBusyError } from './compare-and-set.ts';
import { type BucketEntry, followBucket } from './follow-bucket.ts';
import type { Follower } from './keep-following.ts';
import { CONTROL_BUCKET, type Store } from './open-store.ts';

/** What operators have ordered about actions. */
export interface ActionOrders {
  readonly control: ActionControl;
  /** Ids of actions to be ended, the newest last. */
  readonly cancelled: readonly string[];
}

/** Orders and the revision that they are stored at; 0 = never stored. */
export interface StoredOrders {
  readonly orders: ActionOrders;
  readonly revision: number;
}

/** Actions run out within half a minute without a control plane: no restart needs to be told of more. */
export const CANCELLED_MAX = 64;

export const NO_ORDERS: ActionOrders = { control: { safeMode: false, pausedUntilMs: 0 }, cancelled: [] };

/**
 * The orders of a mesh, key `orders.<mesh>` of the bucket `capmesh_control`,
 * under compare-and-set by any replica (CONTRACT §H). A value that cannot be
 * read counts as no order and is logged.
 */
export class OrderStore {
  readonly #kv: KV;
  readonly #key: string;
  readonly #listeners = new Set<(stored: StoredOrders) => void>();
  #stored: StoredOrders = { orders: NO_ORDERS, revision: 0 };
  #follower: Follower | undefined;

  private constructor(kv: KV, mesh: string) {
    this.#kv = kv;
    this.#key = `orders.${mesh}`;
  }

  /** Reads what is stored, then follows it until `stop`. */
  static async open(
    { control, jetstream }: Pick<Store, 'control' | 'jetstream'>,
    mesh: string,
    logger: Logger,
  ): Promise<OrderStore> {
    const store = new OrderStore(control, mesh);
    const followed = {
      bucket: CONTROL_BUCKET,
      keys: store.#key,
      onEntry: ({ value, revision }: BucketEntry) => store.#show({ orders: readOrders(value), revision }),
    };
    store.#follower = await followBucket(jetstream, followed, logger);
    return store;
  }

  /** As last seen. */
  get orders(): ActionOrders {
    return this.#stored.orders;
  }

  /** Calls `listener` with what is stored and with every change after it. Returns the way to end that. */
  subscribe(listener: (stored: StoredOrders) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#stored);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Changes the orders; listeners know of it when this returns. `change` may be
   * called again, with newer orders, when another replica was faster. Throws
   * `StoreBusyError` after 8 attempts.
   */
  async update(change: (orders: ActionOrders) => ActionOrders): Promise<ActionOrders> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const { orders, revision } = attempt === 0 ? this.#stored : await this.#read();
      const changed = change(orders);
      const written = await putIfUnchanged(this.#kv, this.#key, JSON.stringify(changed), revision);
      if (written === null) continue;
      this.#show({ orders: changed, revision: written });
      return changed;
    }
    throw new StoreBusyError('the orders about actions are changed by too many at once');
  }

  stop(): void {
    this.#follower?.stop();
    this.#listeners.clear();
  }

  async #read(): Promise<StoredOrders> {
    const entry = await this.#kv.get(this.#key);
    if (entry === null) return { orders: NO_ORDERS, revision: 0 };
    const { revision } = entry;
    try {
      return { orders: readOrders(entry.operation === 'PUT' ? entry.value : null), revision };
    } catch {
      return { orders: NO_ORDERS, revision };
    }
  }

  #show(stored: StoredOrders): void {
    if (stored.revision <= this.#stored.revision) return;
    this.#stored = stored;
    for (const listener of this.#listeners) listener(stored);
  }
}

/** Throws on what `update` does not write. */
function readOrders(value: Uint8Array | null): ActionOrders {
  if (value === null) return NO_ORDERS;
  const { control, cancelled } = JSON.parse(new TextDecoder().decode(value)) as Partial<ActionOrders>;
  const isList = Array.isArray(cancelled) && cancelled.every((id) => typeof id === 'string');
  if (typeof control?.safeMode !== 'boolean' || !Number.isFinite(control.pausedUntilMs) || !isList) {
    throw new Error('these are no orders');
  }
  return { control, cancelled: cancelled.slice(-CANCELLED_MAX) };
}
