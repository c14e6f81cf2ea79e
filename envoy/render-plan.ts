import type { CapacityPlan, ServicePlan } from '../core/allocators/capacity-plan.ts';
import { isPlaced } from '../core/mesh/service-endpoint.ts';
import type { EndpointAddress } from './endpoint-address.ts';
import type { Resource } from './resource.ts';
import { listenerResource, routesResource, topologyResources } from './service-resources.ts';
import { assemble, SNAPSHOT_TYPES, type Snapshot, setOf } from './snapshot.ts';

/** Where a node listens unless its bootstrap says otherwise. */
export const DEFAULT_LISTENER: EndpointAddress = { host: '127.0.0.1', port: 10_000 };

/** Resources of one service, with what they were rendered from. */
interface Rendered {
  readonly topologyKey: string;
  readonly topology: readonly Resource[];
  readonly routesKey: string;
  readonly routes: Resource;
}

/**
 * Renders plan after plan and encodes only services that changed: a plan is made
 * every second, most of it as before. The result depends on the plan alone.
 */
export class PlanRenderer {
  readonly #listener = listenerResource({ address: DEFAULT_LISTENER, toCollector: false });
  #rendered: ReadonlyMap<string, Rendered> = new Map();
  #last: Snapshot | null = null;

  /** The snapshot of a plan, the same object while nothing differs. Ask `inconsistencies` before serving it. */
  snapshot(plan: CapacityPlan): Snapshot {
    const rendered = new Map(plan.services.map((service) => [service.service, this.#renderService(service)]));
    const isSame =
      rendered.size === this.#rendered.size && [...rendered].every(([name, each]) => each === this.#rendered.get(name));
    this.#rendered = rendered;
    if (this.#last === null || !isSame) this.#last = this.#assemble();
    return this.#last;
  }

  #renderService(service: ServicePlan): Rendered {
    const before = this.#rendered.get(service.service);
    const topologyKey = keyOfTopology(service);
    const routesKey = keyOfRoutes(service);
    if (before?.topologyKey === topologyKey && before.routesKey === routesKey) return before;
    return {
      topologyKey,
      topology: before?.topologyKey === topologyKey ? before.topology : topologyResources(service),
      routesKey,
      routes: before?.routesKey === routesKey ? before.routes : routesResource(service),
    };
  }

  #assemble(): Snapshot {
    const services = [...this.#rendered.values()].flatMap(({ topology, routes }) => [...topology, routes]);
    const byType = new Map<string, Resource[]>(SNAPSHOT_TYPES.map((typeUrl) => [typeUrl, []]));
    for (const resource of [...services, this.#listener]) byType.get(resource.typeUrl)?.push(resource);
    return assemble(new Map([...byType].map(([typeUrl, resources]) => [typeUrl, setOf(resources)])));
  }
}

/** Renders one plan from scratch. */
export function buildSnapshot(plan: CapacityPlan): Snapshot {
  return new PlanRenderer().snapshot(plan);
}

/** Everything that `topologyResources` looks at. */
function keyOfTopology({ endpoints, timeoutMs, ejectFailing, edges }: ServicePlan): string {
  const own = edges.map(({ workload, geo, errorThreshold }) => [workload, geo, ejectFailing ? errorThreshold : null]);
  return JSON.stringify([endpoints, timeoutMs, own]);
}

/** Everything that `routesResource` looks at. */
function keyOfRoutes(service: ServicePlan): string {
  const { timeoutMs, authorizerDown, unverified } = service;
  const edges = service.edges.map((edge) => [
    ...[edge.workload, edge.backstop, edge.safe],
    ...[edge.geo !== null, edge.observation.traceSamplingPercent],
  ]);
  return JSON.stringify([timeoutMs, authorizerDown, unverified, service.endpoints.some(isPlaced), edges]);
}
