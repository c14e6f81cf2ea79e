import { type EdgeKey, edgeKey } from '../mesh/mesh-config.ts';
import { fromPlain, listOf, type Plain, toPlain } from '../substrate/plain-value.ts';
import type { EdgeLeasePlan } from './capacity-plan.ts';

/** The slices of one lease: in its order, and by edge. */
export class EdgeLeases implements Iterable<EdgeLeasePlan> {
  readonly #list: readonly EdgeLeasePlan[];
  #byKey: ReadonlyMap<EdgeKey, EdgeLeasePlan> | null = null;

  constructor(list: readonly EdgeLeasePlan[]) {
    this.#list = list;
  }

  /** The slice of an edge that probably stands at a place: leases and plans name the edges in the same order. */
  near(place: number, { workload, service }: Pick<EdgeLeasePlan, 'workload' | 'service'>): EdgeLeasePlan | undefined {
    const usual = this.#list[place];
    if (usual?.workload === workload && usual.service === service) return usual;
    return this.get(edgeKey(workload, service));
  }

  get(key: EdgeKey): EdgeLeasePlan | undefined {
    this.#byKey ??= new Map(this.#list.map((edge) => [edgeKey(edge.workload, edge.service), edge]));
    return this.#byKey.get(key);
  }

  [Symbol.iterator](): Iterator<EdgeLeasePlan> {
    return this.#list[Symbol.iterator]();
  }

  toPlain(): Plain {
    return toPlain(this.#list);
  }

  /** Throws `PlainValueError`. */
  static fromPlain(plain: Plain): EdgeLeases {
    return new EdgeLeases(listOf(plain).map((edge) => fromPlain(edge) as EdgeLeasePlan));
  }
}
