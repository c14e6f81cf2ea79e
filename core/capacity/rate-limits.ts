import { at } from '../at.ts';
import { waterFill } from './water-fill.ts';

/** How far above its offered rate an edge may ask before the next tick. */
const DEMAND_HEADROOM = 1.25;
/** A quiet edge still asks for this share of its guarantee, so its first calls find room. */
const IDLE_SHARE = 0.1;

/**
 * wf(K, c·K, w): the shares of a capacity when each asks for a fraction of it
 * (CONTRACT §D). Guarantees of edges (calls per second), N of edges, and load
 * estimates (CPU-ms per second, MiB) are all divided this way.
 */
export function guaranteedShares(capacity: number, fractions: readonly number[], weights: readonly number[]): number[] {
  return waterFill(
    capacity,
    fractions.map((fraction) => fraction * capacity),
    weights,
  );
}

/** The edges of one service, index by index. Rates in calls per second. */
export interface RateDemand {
  /** K. */
  readonly capacityRps: number;
  /** C_int · K: what the budget allows at most. */
  readonly askedRps: readonly number[];
  readonly guaranteeRps: readonly number[];
  readonly offeredRps: readonly number[];
  readonly weights: readonly number[];
}

/** Whether an edge that is offered so much asks for more than its guarantee; while none does, nothing is lent. */
export const asksForMore = (offeredRps: number, guaranteeRps: number): boolean =>
  DEMAND_HEADROOM * offeredRps > guaranteeRps;

/** d_e = min(C_int·K, max(1.25·offered_e, 0.1·guarantee_e)) (CONTRACT §D). */
export function demandedRps({ askedRps, guaranteeRps, offeredRps }: RateDemand): number[] {
  const demands: number[] = [];
  for (let i = 0; i < askedRps.length; i++) {
    const wanted = Math.max(DEMAND_HEADROOM * at(offeredRps, i), IDLE_SHARE * at(guaranteeRps, i));
    demands.push(Math.min(at(askedRps, i), wanted));
  }
  return demands;
}

/**
 * limit_e of one tick (CONTRACT §D): wf(K, d_e, w); what is left first fills
 * every edge to its guarantee, then to C_int·K. Σ limit ≤ K, and no edge is
 * below its guarantee unless others use what it lacks.
 */
export function rateLimits(demand: RateDemand, demands = demandedRps(demand)): number[] {
  const limits = waterFill(demand.capacityRps, demands, demand.weights);
  for (const ceiling of [demand.guaranteeRps, demand.askedRps]) raiseTo(ceiling, limits, demand);
  return limits;
}

/** Divides what the limits leave of K, up to a ceiling for each. */
function raiseTo(ceiling: readonly number[], limits: number[], { capacityRps, weights }: RateDemand): void {
  const room: number[] = [];
  let limited = 0;
  let wanted = 0;
  for (let i = 0; i < limits.length; i++) {
    const limit = at(limits, i);
    const more = Math.max(0, at(ceiling, i) - limit);
    limited += limit;
    wanted += more;
    room.push(more);
  }
  if (wanted === 0) return;
  const extra = waterFill(capacityRps - limited, room, weights);
  for (let i = 0; i < limits.length; i++) limits[i] = at(limits, i) + at(extra, i);
}
