import type { CapacityPlan, EdgePlan } from '../allocators/capacity-plan.ts';
import type { CapacityVector } from '../capacity/capacity-vector.ts';
import { liveCapacity, liveFraction, maxCapacity } from '../capacity/live-capacity.ts';
import { type EdgeKey, edgeKey } from '../mesh/mesh-config.ts';
import type { AdmissionScene, EdgeScene, PoolScene } from './admission-scene.ts';
import type { EdgeChange, MeshChange } from './load-forecast.ts';

export interface EditChange {
  readonly change: MeshChange;
  /** Services whose capacity or whose edges the edit changes. */
  readonly services: ReadonlySet<string>;
}

/**
 * What another plan changes, as an edit of budgets or capacities makes it (MATHS
 * §B7, CONTRACT §D): an edge that is guaranteed more may make that much more, as
 * far as its live grants reach; one that is guaranteed less than it makes comes
 * down to that; one that is gone makes no more calls. Rates in calls per second.
 *
 * @param live Σ of live grants per workload; absent = no live grant = 1
 */
export function editChange(
  scene: AdmissionScene,
  then: CapacityPlan,
  live: ReadonlyMap<string, CapacityVector>,
): EditChange {
  const edges = new Map<EdgeKey, EdgeChange>();
  const capacityRps = new Map<string, number | null>();
  const levels = new Map<string, CapacityVector>();
  const planned = new Map(then.services.map((service) => [service.service, service]));
  for (const pool of scene.pools.values()) {
    const plan = planned.get(pool.service);
    const kept = new Set<EdgeKey>();
    for (const edge of plan?.edges ?? []) {
      const key = edgeKey(edge.workload, edge.service);
      kept.add(key);
      const before = pool.edges.get(key);
      if (before?.guaranteeRps === edge.guaranteeRps) continue;
      edges.set(key, changed(before, edge, liveFraction(live.get(edge.workload), 'int')));
    }
    for (const edge of pool.edges.values()) if (!kept.has(edge.key)) edges.set(edge.key, gone(edge));
    if (plan !== undefined && plan.capacityRps !== pool.capacityRps) capacityRps.set(pool.service, plan.capacityRps);
    levels.set(pool.service, levelsOf(pool, plan?.edges ?? [], live));
  }
  const services = new Set([...capacityRps.keys(), ...[...edges.values()].map(({ service }) => service)]);
  return { change: { edges, capacityRps, levels }, services };
}

function changed(
  before: EdgeScene | undefined,
  { workload, service, tenant, guaranteeRps }: EdgePlan,
  share: number,
): EdgeChange {
  const was = before === undefined ? 0 : before.guaranteeRps;
  const own = { workload, service, tenant, guaranteeRps };
  if (guaranteeRps === null) return { ...own, addedRps: 0, isOpen: was !== null };
  const less = Math.min(0, guaranteeRps - (before?.loadRps ?? 0));
  const more = was === null ? 0 : share * Math.max(0, guaranteeRps - was);
  return { ...own, addedRps: more > 0 ? more : less, isOpen: false };
}

const gone = ({ workload, service, tenant, loadRps }: EdgeScene): EdgeChange => ({
  workload,
  service,
  tenant,
  addedRps: -loadRps,
  guaranteeRps: 0,
  isOpen: false,
});

function levelsOf(
  { live: now }: PoolScene,
  edges: readonly EdgePlan[],
  live: ReadonlyMap<string, CapacityVector>,
): CapacityVector {
  if (edges.length === 0) return now;
  return maxCapacity(edges.map(({ budget, workload }) => liveCapacity(budget, live.get(workload))));
}
