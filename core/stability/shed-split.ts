import type { EdgeKey } from '../mesh/mesh-config.ts';
import type { EdgeShed } from './running-action.ts';
import type { SceneEdge } from './stability-scene.ts';

/** Even the lowest class keeps this share of its calls (CONTRACT §G). */
const KEPT_SHARE = 0.1;
/** Calls above this multiple of the capacity are shed; the rest keeps the pool full, for breakers turn away what comes in clusters. */
const HEADROOM = 2;
/** Ratios move in steps of this, so that leases do not change in every tick; less than one step is not worth an action. */
const STEP = 0.05;

export interface ShedSplit {
  /** Share of all first attempts that is shed. */
  readonly share: number;
  readonly edges: ReadonlyMap<EdgeKey, EdgeShed>;
}

/**
 * Turns what a held service cannot answer into sheds of its lowest classes, lowest
 * first (CONTRACT §G): each class but the highest that is reached gives all it
 * may, that one what is still missing. Calls that a caller marked as less urgent
 * than itself are shed with the class they marked. `null` = too little to shed.
 * Retries are not counted: they are shed before first attempts, and if they were
 * counted, callers that try again would have first attempts shed in their place,
 * and what little is answered then would look like all that the service can do.
 *
 * @param capacityRps good answers per second that the service can give
 * @param maxShare largest share of the first attempts that may be shed
 */
export function splitShed(edges: readonly SceneEdge[], capacityRps: number, maxShare: number): ShedSplit | null {
  const arriving = sum(edges.map(arrivingRps));
  const turnedAway = sum(edges.map((edge) => edge.breakerRefusedRps + edge.shedRps));
  const tooMuch = Math.min(arriving - HEADROOM * capacityRps, maxShare * arriving);
  if (turnedAway === 0 || capacityRps <= 0 || !(tooMuch >= STEP * arriving)) return null;
  const prios = [...new Set(edges.map((edge) => edge.prio))].sort((a, b) => a - b);
  let missing = tooMuch;
  let last = { prio: 0, ratio: 0 };
  for (const prio of prios) {
    const own = sum(edges.filter((edge) => edge.prio === prio).map(arrivingRps));
    if (own === 0) continue;
    const shed = Math.min(missing, (1 - KEPT_SHARE) * own);
    last = { prio, ratio: inSteps(shed / own) };
    missing -= shed;
    if (missing <= 1e-9 * tooMuch) break;
  }
  return {
    share: inSteps(tooMuch / arriving),
    edges: new Map(edges.map((edge) => [edge.key, shedOf(edge.prio, last)])),
  };
}

function shedOf(prio: number, last: { readonly prio: number; readonly ratio: number }): EdgeShed {
  if (prio === last.prio) return { belowPrio: prio + 1, ratio: last.ratio, retries: false };
  return { belowPrio: last.prio, ratio: 1 - KEPT_SHARE, retries: false };
}

/** First attempts that were not kept away by a budget: retries are shed before them, and beside this. */
const arrivingRps = (edge: SceneEdge): number => Math.max(0, edge.admittedRps + edge.shedRps - edge.retriesRps);

const inSteps = (ratio: number): number => Number((Math.round(ratio / STEP) * STEP).toFixed(2));
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
