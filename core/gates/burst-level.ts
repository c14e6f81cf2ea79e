/**
 * Virtual bucket of the UV gate (MATHS §B3): the level falls by ρ per second
 * and rises by one per arrival. Arrivals keep within σ + ρt over every interval
 * exactly if the level never passes σ (Cruz 1991).
 */
export interface BurstLevel {
  readonly level: number;
  readonly maxLevel: number;
  readonly lastSec: number;
}

/** Before any arrival. */
export const EMPTY_BURST_LEVEL: BurstLevel = { level: 0, maxLevel: 0, lastSec: Number.NEGATIVE_INFINITY };

/** One arrival; an arrival that claims to be older than the last one counts as simultaneous. */
export function addArrival(bucket: BurstLevel, atSec: number, rateRps: number): BurstLevel {
  const elapsedSec = Math.max(0, atSec - bucket.lastSec);
  const drained = bucket.level === 0 ? 0 : Math.max(0, bucket.level - rateRps * elapsedSec);
  const level = drained + 1;
  return { level, maxLevel: Math.max(bucket.maxLevel, level), lastSec: Math.max(bucket.lastSec, atSec) };
}

/** u_burst = max level / σ; an empty window is 0 even where σ is 0. */
export function burstRatio(maxLevel: number, burst: number): number {
  return maxLevel === 0 ? 0 : maxLevel / burst;
}
