import type { CapacityVector } from '../capacity/capacity-vector.ts';
import { largerOf, smallerOf, sumLiveGrants } from '../capacity/live-capacity.ts';
import type { EdgeKey } from '../mesh/mesh-config.ts';
import type { AdmissionScene, EdgeScene } from './admission-scene.ts';
import type { EdgeChange, MeshChange } from './load-forecast.ts';
import { sceneIndex } from './scene-index.ts';

/**
 * What one more grant changes (MATHS §B7, CONTRACT §C): each edge of the workload
 * may have (min(1, Σ + c_int) − min(1, Σ))·guarantee more calls per second, a null
 * counting 1. So a grant that follows another of the same workload, which still
 * lives, adds only what the two have more than one of them. Levels become
 * min(budget, the largest grant).
 *
 * @param held Σ of the account's live grants, see `heldShare`
 */
export function grantChange(scene: AdmissionScene, workload: string, asked: CapacityVector, held: number): MeshChange {
  const added = Math.min(1, held + (asked.int ?? 1)) - held;
  const edges = new Map<EdgeKey, EdgeChange>();
  const levels = new Map<string, { geo: number | null; int: number | null }>();
  for (const { edge, pool } of sceneIndex(scene).byCaller.get(workload) ?? []) {
    edges.set(edge.key, edgeChange(edge, added));
    const geo = smallerOf(edge.budget.geo, asked.geo);
    const int = edge.budget.int === null ? null : edge.budget.int * (held + added);
    levels.set(pool.service, { geo: largerOf(pool.live.geo, geo), int: largerOf(pool.live.int, int) });
  }
  return { edges, capacityRps: new Map(), levels };
}

/** Share of a workload's guarantees that its live grants entitle it to, 0 … 1: min(1, Σ c_int). */
export const heldShare = (live: readonly CapacityVector[]): number =>
  live.length === 0 ? 0 : Math.min(1, sumLiveGrants(live).int ?? 1);

function edgeChange(edge: EdgeScene, added: number): EdgeChange {
  const { workload, service, tenant, guaranteeRps } = edge;
  const addedRps = added * (guaranteeRps ?? 0);
  return { workload, service, tenant, addedRps, guaranteeRps, isOpen: guaranteeRps === null && added > 0 };
}
