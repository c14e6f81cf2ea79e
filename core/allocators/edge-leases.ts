import { type EdgeKey, edgeKey } from '../mesh/mesh-config.ts';
import { fromPlain, listOf, type Plain, toPlain } from '../substrate/plain-value.ts';
import type { CapacityPlan, EdgeLeasePlan, EdgePlan, ServicePlan } from './capacity-plan.ts';
import { isAsPlanned } from './lease-edge.ts';

/** What a lease says of the edges of a plan, in the order of the plan. */
export interface ToldEdges {
  readonly services: readonly ServicePlan[];
  readonly nodeCount: number;
  /** Calls per second of those edges that the plan limits, and bursts of all; 0 where nothing was told. */
  readonly rateRps: Float64Array;
  readonly burst: Float64Array;
  /** All else is as planned, for every edge. */
  readonly isAsPlanned: boolean;
}

/** The slices of one lease: in its order, by edge, by service, and against a plan. */
export class EdgeLeases implements Iterable<EdgeLeasePlan> {
  readonly #list: readonly EdgeLeasePlan[];
  #byKey: ReadonlyMap<EdgeKey, EdgeLeasePlan> | null = null;
  #rpsByService: ReadonlyMap<string, number> | null = null;
  #told: ToldEdges | null;

  /** @param told of the plan that the lease was made from, where that is known */
  constructor(list: readonly EdgeLeasePlan[], told: ToldEdges | null = null) {
    this.#list = list;
    this.#told = told;
  }

  /** Compares edge by edge only where the plan of some service is another one than before. */
  against({ services, nodeCount }: CapacityPlan): ToldEdges {
    const known = this.#told;
    if (known?.nodeCount === nodeCount && sameItems(known.services, services)) return known;
    this.#told = this.#compare(services, nodeCount);
    return this.#told;
  }

  get(key: EdgeKey): EdgeLeasePlan | undefined {
    this.#byKey ??= new Map(this.#list.map((edge) => [edgeKey(edge.workload, edge.service), edge]));
    return this.#byKey.get(key);
  }

  /** Σ of the rates of each service, also over edges that plans no longer have, calls per second. */
  get rpsByService(): ReadonlyMap<string, number> {
    this.#rpsByService ??= sumsByService(this.#list);
    return this.#rpsByService;
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

  #compare(services: readonly ServicePlan[], nodeCount: number): ToldEdges {
    const size = countEdges(services);
    const [rateRps, burst] = [new Float64Array(size), new Float64Array(size)];
    let place = 0;
    let allAsPlanned = true;
    for (const service of services) {
      for (const edge of service.edges) {
        const slice = this.#near(place, edge);
        rateRps[place] = slice?.rateRps ?? 0;
        burst[place] = slice?.burst ?? 0;
        allAsPlanned &&= slice !== undefined && isAsPlanned(slice, service, edge, nodeCount);
        place++;
      }
    }
    return { services, nodeCount, rateRps, burst, isAsPlanned: allAsPlanned };
  }

  /** Leases and plans name the edges in the same order. */
  #near(place: number, { key, workload, service }: EdgePlan): EdgeLeasePlan | undefined {
    const usual = this.#list[place];
    return usual?.workload === workload && usual.service === service ? usual : this.get(key);
  }
}

/** Edges of all services of a plan. */
export const countEdges = (services: readonly ServicePlan[]): number =>
  services.reduce((count, { edges }) => count + edges.length, 0);

const sameItems = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((item, i) => item === b[i]);

function sumsByService(edges: readonly EdgeLeasePlan[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { service, rateRps } of edges) sums.set(service, (sums.get(service) ?? 0) + (rateRps ?? 0));
  return sums;
}
