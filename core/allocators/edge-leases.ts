import { type EdgeKey, edgeKey } from '../mesh/mesh-config.ts';
import { fromPlain, listOf, type Plain, toPlain } from '../substrate/plain-value.ts';
import type { EdgeLeasePlan, EdgePlan, ServicePlan } from './capacity-plan.ts';
import { isAsPlanned } from './lease-edge.ts';

/** What one lease says of the edges of one service, in the order of its plan. */
export interface ServiceLeases {
  readonly plan: ServicePlan;
  readonly nodeCount: number;
  /** Calls per second and burst; 0 where it says nothing. */
  readonly rateRps: Float64Array;
  readonly burst: Float64Array;
  /** All else is as planned, for every edge. */
  readonly isAsPlanned: boolean;
}

/** The slices of one lease: in its order, by edge, and by service. */
export class EdgeLeases implements Iterable<EdgeLeasePlan> {
  readonly #list: readonly EdgeLeasePlan[];
  #byKey: ReadonlyMap<EdgeKey, EdgeLeasePlan> | null = null;
  #rpsByService: ReadonlyMap<string, number> | null = null;
  readonly #services = new Map<string, ServiceLeases>();

  constructor(list: readonly EdgeLeasePlan[]) {
    this.#list = list;
  }

  /**
   * Against the plan of a service; looked up again only when that is another one,
   * since this is asked for every edge in every tick.
   *
   * @param first place of its first edge among all edges of the plan
   */
  ofService(plan: ServicePlan, first: number, nodeCount: number): ServiceLeases {
    const known = this.#services.get(plan.service);
    if (known?.plan === plan && known.nodeCount === nodeCount) return known;
    const told = plan.edges.map((edge, i) => this.#near(first + i, edge));
    const leases: ServiceLeases = {
      plan,
      nodeCount,
      rateRps: Float64Array.from(told, (slice) => slice?.rateRps ?? 0),
      burst: Float64Array.from(told, (slice) => slice?.burst ?? 0),
      isAsPlanned: plan.edges.every((edge, i) => {
        const slice = told[i];
        return slice !== undefined && isAsPlanned(slice, plan, edge, nodeCount);
      }),
    };
    this.#services.set(plan.service, leases);
    return leases;
  }

  /** Σ of the rates of each service, also over edges that plans no longer have, calls per second. */
  get rpsByService(): ReadonlyMap<string, number> {
    this.#rpsByService ??= sumsByService(this.#list);
    return this.#rpsByService;
  }

  get(key: EdgeKey): EdgeLeasePlan | undefined {
    this.#byKey ??= new Map(this.#list.map((edge) => [edgeKey(edge.workload, edge.service), edge]));
    return this.#byKey.get(key);
  }

  /** Leases and plans name the edges in the same order. */
  #near(place: number, { key, workload, service }: EdgePlan): EdgeLeasePlan | undefined {
    const usual = this.#list[place];
    return usual?.workload === workload && usual.service === service ? usual : this.get(key);
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

function sumsByService(edges: readonly EdgeLeasePlan[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { service, rateRps } of edges) sums.set(service, (sums.get(service) ?? 0) + (rateRps ?? 0));
  return sums;
}
