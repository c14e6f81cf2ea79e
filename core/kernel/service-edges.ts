import type { EdgeKey } from '../mesh/mesh-config.ts';
import type { EdgeState } from './edge-state.ts';
import type { TenantState } from './tenant-state.ts';

/** The edges of one service that one tenant has. */
export interface TenantEdges {
  readonly tenant: string;
  readonly edges: readonly EdgeState[];
  /** What is known of the tenant; `null` until it was looked up. */
  state: TenantState | null;
}

/**
 * The edges of one service by key, and as lists for what runs over them in every
 * tick. An edge that gets a budget or a tenant is set again.
 */
export class ServiceEdges extends Map<EdgeKey, EdgeState> {
  #all: readonly EdgeState[] | null = null;
  #budgeted: readonly EdgeState[] | null = null;
  #tenants: readonly TenantEdges[] | null = null;

  static of(entries: Iterable<readonly [EdgeKey, EdgeState]>): ServiceEdges {
    const edges = new ServiceEdges();
    for (const [key, edge] of entries) edges.set(key, edge);
    return edges;
  }

  get all(): readonly EdgeState[] {
    this.#all ??= [...this.values()];
    return this.#all;
  }

  /** Those that gates judge. */
  get budgeted(): readonly EdgeState[] {
    this.#budgeted ??= this.all.filter((edge) => edge.budget !== null);
    return this.#budgeted;
  }

  /** The same by tenant. */
  get tenants(): readonly TenantEdges[] {
    this.#tenants ??= byTenant(this.budgeted);
    return this.#tenants;
  }

  override set(key: EdgeKey, edge: EdgeState): this {
    this.#forget();
    return super.set(key, edge);
  }

  override delete(key: EdgeKey): boolean {
    this.#forget();
    return super.delete(key);
  }

  override clear(): void {
    this.#forget();
    super.clear();
  }

  #forget(): void {
    this.#all = null;
    this.#budgeted = null;
    this.#tenants = null;
  }
}

function byTenant(edges: readonly EdgeState[]): TenantEdges[] {
  const tenants = new Map<string, EdgeState[]>();
  for (const edge of edges) {
    const own = tenants.get(edge.tenant);
    if (own === undefined) tenants.set(edge.tenant, [edge]);
    else own.push(edge);
  }
  return [...tenants].map(([tenant, own]) => ({ tenant, edges: own, state: null }));
}
