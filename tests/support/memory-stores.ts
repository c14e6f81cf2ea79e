import type { Ledger, Revoker } from '../../control-plane/admission/admission.ts';
import type { EditableConfig } from '../../control-plane/api/mesh-edits.ts';
import { type Account, EMPTY_ACCOUNT } from '../../control-plane/state/account.ts';
import type { ConfigChange } from '../../control-plane/state/config-store.ts';
import { type ConfigView, configView, type StoredObject } from '../../control-plane/state/config-view.ts';
import type { KeyStore, PublishedKey } from '../../control-plane/state/key-store.ts';
import type { AccountChange } from '../../control-plane/state/ledger-store.ts';
import { type ActionOrders, NO_ORDERS, type OrderStore } from '../../control-plane/state/order-store.ts';
import type { BatchOutcome } from '../../control-plane/state/publish-batch.ts';

/** Configuration in memory under the rules of the store: one batch or nothing, from the newest view only. */
export class MemoryConfig implements EditableConfig {
  readonly #mesh: string;
  #objects = new Map<string, StoredObject>();
  view: ConfigView;
  commits = 0;
  /** Called before a commit; may let another writer in. */
  beforeCommit: () => void = () => {};

  constructor(mesh: string) {
    this.#mesh = mesh;
    this.view = configView(mesh, this.#objects, 0);
  }

  async commit(base: ConfigView, changes: readonly ConfigChange[]): Promise<BatchOutcome> {
    this.beforeCommit();
    if (base.revision !== this.view.revision) return { kind: 'stale' };
    return { kind: 'stored', revision: this.write(changes) };
  }

  write(changes: readonly ConfigChange[]): number {
    this.commits += 1;
    let { revision } = this.view;
    this.#objects = new Map(this.#objects);
    for (const { key, value } of changes) {
      revision += 1;
      if (value === null) this.#objects.delete(key);
      else this.#objects.set(key, { value: JSON.parse(JSON.stringify(value)), revision });
    }
    this.view = configView(this.#mesh, this.#objects, revision);
    return revision;
  }
}

export class MemoryLedger implements Ledger {
  readonly accounts = new Map<string, Account>();

  account(workload: string): Account {
    return this.accounts.get(workload) ?? EMPTY_ACCOUNT;
  }

  /** When the last grant of all ends; 0 = there is none. */
  lastEndMs(): number {
    return Math.max(0, ...[...this.accounts.values()].flatMap(({ grants }) => grants.map((each) => each.expiresAtMs)));
  }

  async refresh(_workload: string): Promise<void> {}

  workloads(): string[] {
    return [...this.accounts.keys()];
  }

  async update<T>(workload: string, _wallMs: number, change: (account: Account) => AccountChange<T>): Promise<T> {
    const { account, result } = change(this.account(workload));
    if (account !== null) this.accounts.set(workload, account);
    return result;
  }
}

/** Orders in memory. */
export class MemoryOrders implements Pick<OrderStore, 'update'> {
  orders = NO_ORDERS;

  async update(change: (orders: ActionOrders) => ActionOrders): Promise<ActionOrders> {
    this.orders = change(this.orders);
    return this.orders;
  }
}

/** Remembers what was revoked. */
export class MemoryRevoker implements Revoker {
  readonly generations = new Map<string, number>();
  readonly grants = new Map<string, number>();

  async publishGeneration(workload: string, generation: number): Promise<void> {
    this.generations.set(workload, generation);
  }

  async revokeGrant(jti: string, expiresAtMs: number): Promise<void> {
    this.grants.set(jti, expiresAtMs);
  }
}

/** Public keys in memory. */
export class MemoryKeys implements Pick<KeyStore, 'keys' | 'publishKey' | 'dropKey'> {
  readonly published = new Map<string, PublishedKey>();
  /** Refuses every write while it is set. */
  away = false;

  keys(): PublishedKey[] {
    return [...this.published.values()];
  }

  async publishKey(key: PublishedKey): Promise<void> {
    if (this.away) throw new Error('the store is away');
    this.published.set(key.kid, key);
  }

  async dropKey(kid: string): Promise<void> {
    if (this.away) throw new Error('the store is away');
    this.published.delete(kid);
  }
}
