import { isBounded, type LoadShare } from '../admission/load-limit.ts';
import { sliceBurst } from '../capacity/burst.ts';
import type { EdgeLeasePlan, EdgePlan, OverlayPlan, ServicePlan } from './capacity-plan.ts';

/** A lease is written only when some slice moved by more than this (CONTRACT §H). */
const MOVED_SHARE = 0.05;
const DUST_RPS = 1e-9;
/** Actions that no newer lease renews end at the sidecar after this. A lease with actions is written anew at half of it. */
const OVERLAY_TERM_MS = 30_000;

/**
 * What the lease of one node says of an edge.
 *
 * @param rateRps the node's slice; NaN = no rate limit on this edge
 */
export function leaseEdge(
  { timeoutMs }: ServicePlan,
  edge: EdgePlan,
  nodeCount: number,
  rateRps: number,
): EdgeLeasePlan {
  const burst = edge.burst ?? 0;
  const guaranteeRps = edge.guaranteeRps ?? 0;
  const lease: EdgeLeasePlan = {
    workload: edge.workload,
    service: edge.service,
    rateRps: Number.isNaN(rateRps) ? undefined : rateRps,
    burst: leaseBurst(burst * (edge.overlay?.burstFactor ?? 1), edge.limitRps ?? Number.NaN, nodeCount, rateRps),
    safeRateRps: guaranteeRps / nodeCount,
    safeBurst: sliceBurst(burst, 1 / nodeCount),
    guaranteeRps,
    guaranteeBurst: burst,
    leaseMs: edge.leaseMs,
    accessLogLinesPerSec: edge.observation.accessLogLinesPerSec / nodeCount,
    timeoutMs,
    maxRequests: edge.breaker?.maxRequests,
    ...leaseLoad(edge.load, nodeCount),
  };
  return edge.overlay === null ? lease : { ...lease, ...leaseOverlay(edge.overlay) };
}

/** As much of the burst as the node has of the rate; an equal part where there is none to go by. */
export const leaseBurst = (burst: number, limitRps: number, nodeCount: number, rateRps: number): number =>
  sliceBurst(burst, limitRps > 0 ? rateRps / limitRps : 1 / nodeCount);

/** By far the most edges. */
const UNBOUNDED: Partial<EdgeLeasePlan> = {};

/** Equal parts, as of the breaker: what calls in flight hold cannot be moved to another node as a rate can. */
function leaseLoad(load: LoadShare, nodeCount: number): Partial<EdgeLeasePlan> {
  const { cpuMsPerSec, memoryMiB } = load;
  if (!isBounded(load)) return UNBOUNDED;
  return {
    ...(cpuMsPerSec !== null && { cpuMsPerSec: cpuMsPerSec / nodeCount }),
    ...(memoryMiB !== null && { memoryMib: memoryMiB / nodeCount }),
  };
}

function leaseOverlay(overlay: OverlayPlan): Partial<EdgeLeasePlan> {
  const { shedBelowPrio, shedRatio, shedRetries, fenced } = overlay;
  return { overlayExpiresInMs: OVERLAY_TERM_MS, shedBelowPrio, shedRatio, shedRetries, fenced };
}

/** Whether a node was told what is planned, but for rate and burst: the same numbers as in `leaseEdge`. */
export function isAsPlanned(
  told: EdgeLeasePlan,
  { timeoutMs }: ServicePlan,
  { breaker, burst, guaranteeRps, leaseMs, limitRps, load, observation, overlay }: EdgePlan,
  nodeCount: number,
): boolean {
  return (
    (told.rateRps === undefined) === (limitRps === null) &&
    told.guaranteeRps === (guaranteeRps ?? 0) &&
    told.guaranteeBurst === (burst ?? 0) &&
    told.safeRateRps === (guaranteeRps ?? 0) / nodeCount &&
    told.leaseMs === leaseMs &&
    told.accessLogLinesPerSec === observation.accessLogLinesPerSec / nodeCount &&
    told.timeoutMs === timeoutMs &&
    !isBreakerMoved(told.maxRequests, breaker?.maxRequests) &&
    sameLoad(told, leaseLoad(load, nodeCount)) &&
    sameOverlay(told, overlay === null ? NO_OVERLAY : leaseOverlay(overlay))
  );
}

/** Whether a rate or a burst differs so much from what a node was told that it has to be told anew. */
export const isFar = (next: number, current: number): boolean =>
  Math.abs(next - current) > MOVED_SHARE * current + DUST_RPS;

const sameLoad = (a: Partial<EdgeLeasePlan>, b: Partial<EdgeLeasePlan>): boolean =>
  a.cpuMsPerSec === b.cpuMsPerSec && a.memoryMib === b.memoryMib;

function isBreakerMoved(current: number | undefined, next: number | undefined): boolean {
  return current === undefined || next === undefined ? current !== next : isFar(next, current);
}

const NO_OVERLAY: Partial<EdgeLeasePlan> = {};

const sameOverlay = (a: Partial<EdgeLeasePlan>, b: Partial<EdgeLeasePlan>): boolean =>
  (a.overlayExpiresInMs ?? 0) === (b.overlayExpiresInMs ?? 0) &&
  (a.shedBelowPrio ?? 0) === (b.shedBelowPrio ?? 0) &&
  (a.shedRatio ?? 0) === (b.shedRatio ?? 0) &&
  (a.shedRetries ?? false) === (b.shedRetries ?? false) &&
  (a.fenced ?? false) === (b.fenced ?? false);
