import type { LatencyCurve } from '../substrate/latency-model.ts';
import type { PoolScene } from './admission-scene.ts';

/** Utilisation beyond which a queue counts as full: its wait would have no end. */
const UTILISATION_MAX = 0.999;

/**
 * Response time over base time of M/M/n by Sakasegawa's approximation,
 * 1 + ρ^(√(2(n+1))−1) / (n(1−ρ)), with ρ = load/K and n = max(1, K·R0) servers by
 * Little's law. At least 1, never falls with load; for Poisson arrivals within a
 * few percent (Sakasegawa 1977). Stands for the USL curve where no curve was learned.
 *
 * @param baselineSec R0, s; 0 = unknown, as for one server
 */
export function queueGrowth(loadRps: number, capacityRps: number, baselineSec: number): number {
  const servers = Math.max(1, capacityRps * baselineSec);
  const utilisation = Math.min(UTILISATION_MAX, Math.max(0, loadRps / capacityRps));
  return 1 + utilisation ** (Math.sqrt(2 * (servers + 1)) - 1) / (servers * (1 - utilisation));
}

export interface LatencyGrowth {
  /** Latency then over latency now. */
  readonly factor: number;
  /** It may be more: nothing is known of such a load. */
  readonly isLowerBound: boolean;
}

/**
 * How latency follows when the load of a service moves from what it is to
 * `thenRps`: along the learned curve ln(c0 + c1·x + c2·x²) as far as loads are
 * known, and from there on as a queue with `capacityRps` would (MATHS §B7, §B1).
 * Never falls as `thenRps` grows.
 *
 * @param capacityRps K then; `null` = unknown
 */
export function latencyGrowth(pool: PoolScene, thenRps: number, capacityRps: number | null): LatencyGrowth {
  const { loadRps: nowRps, curves, baselineSec } = pool;
  const curveRps = learnedUpTo(curves, nowRps, thenRps);
  const alongCurve = growthAlong(curves, nowRps, curveRps);
  if (capacityRps === null) {
    return { factor: alongCurve, isLowerBound: thenRps > curveRps || pool.capacityRps !== null };
  }
  const before = queueGrowth(curveRps, pool.capacityRps ?? capacityRps, baselineSec);
  return { factor: (alongCurve * queueGrowth(thenRps, capacityRps, baselineSec)) / before, isLowerBound: false };
}

/** The load between now and then up to which all curves are known. */
function learnedUpTo(curves: readonly LatencyCurve[], nowRps: number, thenRps: number): number {
  if (curves.length === 0) return nowRps;
  let knownRps = Number.POSITIVE_INFINITY;
  for (const { highestRps } of curves) knownRps = Math.min(knownRps, highestRps);
  return Math.max(Math.min(nowRps, thenRps), Math.min(thenRps, knownRps));
}

/** The largest growth that a curve tells of; 1 without curves. */
function growthAlong(curves: readonly LatencyCurve[], nowRps: number, thenRps: number): number {
  if (curves.length === 0) return 1;
  let largest = Number.NEGATIVE_INFINITY;
  for (const curve of curves) largest = Math.max(largest, latencyAt(curve, thenRps) / latencyAt(curve, nowRps));
  return largest;
}

/** Below the lowest load that is known latency is taken for what it is there. */
const latencyAt = (curve: LatencyCurve, loadRps: number): number => curve.latencyMs(Math.max(loadRps, curve.lowestRps));
