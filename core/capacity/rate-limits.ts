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

/** d_e = min(C_int·K, max(1.25·offered_e, 0.1·guarantee_e)) (CONTRACT §D). */
export function demandedRps(demand: RateDemand): number[] {
  return demand.askedRps.map((asked, i) =>
    Math.min(asked, Math.max(DEMAND_HEADROOM * at(demand.offeredRps, i), IDLE_SHARE * at(demand.guaranteeRps, i))),
  );
}

/**
 * limit_e of one tick (CONTRACT §D): wf(K, d_e, w); what is left first fills
 * every edge to its guarantee, then to C_int·K. Σ limit ≤ K, and no edge is
 * below its guarantee unless others use what it lacks.
 */
export function rateLimits(demand: RateDemand, demands = demandedRps(demand)): number[] {
  let limits = waterFill(demand.capacityRps, demands, demand.weights);
  for (const ceiling of [demand.guaranteeRps, demand.askedRps]) {
    const left = demand.capacityRps - limits.reduce((sum, limit) => sum + limit, 0);
    const room = limits.map((limit, i) => Math.max(0, at(ceiling, i) - limit));
    const extra = waterFill(left, room, demand.weights);
    limits = limits.map((limit, i) => limit + at(extra, i));
  }
  return limits;
}
