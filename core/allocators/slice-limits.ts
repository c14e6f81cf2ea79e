import { at } from '../at.ts';
import { sliceBurst } from '../capacity/burst.ts';
import { type EdgeKey, edgeKey } from '../mesh/mesh-config.ts';
import type {
  AnonymousCallerPlan,
  CapacityPlan,
  EdgeLeasePlan,
  EdgePlan,
  LeasePlan,
  OverlayPlan,
  ServicePlan,
} from './capacity-plan.ts';
import {
  type EdgeLeases,
  edgesByKey,
  heldByService,
  heldRps,
  isSilent,
  issueLease,
  type LeaseBook,
  leaseTermMs,
  type NodeLeases,
  type NodeObservation,
  settleLeaseBook,
} from './lease-book.ts';

/** A lease is written only when some slice moved by more than this (CONTRACT §H). */
const MOVED_SHARE = 0.05;
/** A node without traffic still weighs this share of an equal split, so its first calls find room. */
const IDLE_WEIGHT = 0.1;
const DUST = 1e-9;
/** Actions that no newer lease renews end at the sidecar after this. A lease with actions is written anew at half of it. */
export const OVERLAY_TERM_MS = 30_000;

export interface SliceInput {
  readonly plan: CapacityPlan;
  readonly nodes: readonly NodeObservation[];
  readonly book: LeaseBook;
  readonly epoch: number;
  readonly nowMs: number;
}

export interface SliceResult {
  /** Whole leases of the nodes whose slices changed or must be renewed. */
  readonly leases: readonly LeasePlan[];
  readonly book: LeaseBook;
}

/** A node that sends frames: what it was told last, and what it is to get. */
interface ActiveNode {
  readonly report: NodeObservation;
  readonly leases: NodeLeases | undefined;
  readonly current: EdgeLeases;
  /** In the order of the plan. */
  readonly next: EdgeLeasePlan[];
  changed: boolean;
}

/**
 * Splits limit_e of every edge over the nodes by what each is offered, weight
 * max(offered_n, 0.1·limit/nodes) (CONTRACT §H). What the edge is not offered is
 * room for bursts, and every node has as much of it: the rates are measured over
 * two seconds, and a node that had few calls in them may have many in the next.
 * What a node may still apply
 * counts until it acknowledged a smaller slice or its lease expired, and nothing
 * grows into it: Σ over nodes of max(old unacknowledged, new) stays within
 * limit_e, and within K over the edges of a service, or does not rise where a
 * falling limit found it above. A silent node keeps its slice until expiry, then
 * its safe share stays reserved for ten minutes.
 *
 * Leases are renewed at half their term while the node sends frames, and a node
 * restarts the term with every lease that it receives.
 */
export function sliceLimits(input: SliceInput): SliceResult {
  const { plan, nowMs, epoch } = input;
  const settled = settleLeaseBook(input.book, input.nodes, nowMs);
  const nodes = new Map(settled.nodes);
  const leases: LeasePlan[] = [];
  const publish = (lease: LeasePlan, edges: EdgeLeases, lastFrameMs: number): void => {
    leases.push(lease);
    nodes.set(lease.node, issueLease(nodes.get(lease.node), lease, edges, nowMs, lastFrameMs));
  };

  const active = input.nodes
    .filter((report) => !isSilent(report.lastFrameMs, nowMs))
    .map((report) => activeNode(report, settled));
  const silent = [...settled.nodes.values()].filter((node) => isSilent(node.lastFrameMs, nowMs));
  const held = heldByService(settled.nodes.values());
  for (const service of plan.services) {
    sliceService(service, plan.nodeCount, active, silent, held.get(service.service) ?? 0);
  }

  const anonymous = anonymousCallers(plan);
  for (const node of active) {
    if (!needsLease(node, anonymous, nowMs)) continue;
    const seq = Math.max(node.leases?.newest.seq ?? 0, node.report.ackedSeq) + 1;
    const lease = { node: node.report.node, epoch, seq, edges: node.next, anonymous };
    publish(lease, edgesByKey(lease), node.report.lastFrameMs);
  }
  for (const node of silent) {
    if (node.expiredAtMs !== nowMs) continue;
    const lease = safeLease(node.newest, epoch);
    publish(lease, edgesByKey(lease), node.lastFrameMs);
  }
  return { leases, book: { nodes } };
}

function activeNode(report: NodeObservation, book: LeaseBook): ActiveNode {
  const leases = book.nodes.get(report.node);
  const current = leases?.outstanding.at(-1)?.edges ?? new Map<EdgeKey, EdgeLeasePlan>();
  return { report, leases, current, next: [], changed: false };
}

function needsLease(node: ActiveNode, anonymous: readonly AnonymousCallerPlan[], nowMs: number): boolean {
  const newest = node.leases?.newest;
  return (
    !newest ||
    node.changed ||
    node.next.length !== newest.edges.length ||
    !sameCallers(anonymous, newest.anonymous ?? []) ||
    isDue(node.leases, nowMs)
  );
}

/** Services whose calls without a token count as a workload that may call them. */
function anonymousCallers(plan: CapacityPlan): AnonymousCallerPlan[] {
  return plan.services.flatMap(({ service, anonymous, edges }) =>
    edges
      .filter((edge) => edge.workload === anonymous)
      .map((edge) => ({ service, workload: edge.workload, prio: edge.prio })),
  );
}

const sameCallers = (a: readonly AnonymousCallerPlan[], b: readonly AnonymousCallerPlan[]): boolean =>
  a.length === b.length &&
  a.every((caller, i) => {
    const other = b[i];
    return caller.service === other?.service && caller.workload === other.workload && caller.prio === other.prio;
  });

/** Half the term has passed since the newest lease went out. */
const isDue = (leases: NodeLeases | undefined, nowMs: number): boolean =>
  leases !== undefined && nowMs - (leases.outstanding.at(-1)?.issuedMs ?? nowMs) >= leaseTermMs(leases.newest) / 2;

/** What a silent node whose lease expired finds when it comes back: its safe share, as it applies already. */
const safeLease = (newest: LeasePlan, epoch: number): LeasePlan => ({
  node: newest.node,
  epoch,
  seq: newest.seq + 1,
  anonymous: newest.anonymous,
  edges: newest.edges.map(({ overlayExpiresInMs, shedBelowPrio, shedRatio, shedRetries, fenced, ...edge }) =>
    edge.rateRps === undefined ? edge : { ...edge, rateRps: edge.safeRateRps, burst: edge.safeBurst },
  ),
});

function sliceService(
  service: ServicePlan,
  nodeCount: number,
  nodes: readonly ActiveNode[],
  silent: readonly NodeLeases[],
  heldInServiceRps: number,
): void {
  const keys = service.edges.map((edge) => edgeKey(edge.workload, edge.service));
  const slices = service.edges.map((edge, i) =>
    edge.limitRps === null ? null : wantedSlices(edge.limitRps, at(keys, i), nodes, silent),
  );
  const growth = sum(slices.map((slice) => slice?.growthRps ?? 0));
  const room = Math.max(0, (service.capacityRps ?? Number.POSITIVE_INFINITY) - heldInServiceRps);
  const scale = growth > room ? room / growth : 1;
  service.edges.forEach((edge, i) => {
    const slice = slices[i];
    nodes.forEach((node, n) => {
      const rateRps = slice ? at(slice.base, n) + scale * at(slice.growth, n) : undefined;
      assign(node, at(keys, i), leaseEdge(edge, nodeCount, rateRps), slice?.mustShrink ?? false);
    });
  });
}

interface WantedSlices {
  /** What each node may have without any room being free. */
  readonly base: readonly number[];
  /** What it would get on top; fits into what the edge has free. */
  readonly growth: readonly number[];
  readonly growthRps: number;
  /** The slices as they stand add to more than the limit. */
  readonly mustShrink: boolean;
}

function wantedSlices(
  limitRps: number,
  key: EdgeKey,
  nodes: readonly ActiveNode[],
  silent: readonly NodeLeases[],
): WantedSlices {
  const idle = (IDLE_WEIGHT * limitRps) / nodes.length;
  const weights: number[] = [];
  const held: number[] = [];
  let current = 0;
  for (const { report, leases, current: edges } of nodes) {
    weights.push(Math.max(report.offeredRps.get(key) ?? 0, idle));
    held.push(heldRps(leases, key));
    current += edges.get(key)?.rateRps ?? 0;
  }
  let silentRps = 0;
  for (const node of silent) silentRps += heldRps(node, key);
  const weightSum = sum(weights);
  const divisible = Math.max(0, limitRps - silentRps);
  const base: number[] = [];
  const growth: number[] = [];
  const shared = Math.min(1, weightSum > 0 ? divisible / weightSum : 0);
  const spare = Math.max(0, divisible - weightSum) / nodes.length;
  for (let n = 0; n < nodes.length; n++) {
    const target = shared * at(weights, n) + spare;
    base.push(Math.min(target, at(held, n)));
    growth.push(Math.max(0, target - at(held, n)));
  }
  const wantedRps = sum(growth);
  const free = Math.max(0, divisible - sum(held));
  const scale = wantedRps > free ? free / wantedRps : 1;
  return {
    base,
    growth: growth.map((rate) => rate * scale),
    growthRps: wantedRps * scale,
    mustShrink: current > divisible * (1 + DUST),
  };
}

/** @param rateRps the node's slice; undefined = no rate limit on this edge */
function leaseEdge(edge: EdgePlan, nodeCount: number, rateRps: number | undefined): EdgeLeasePlan {
  const burst = edge.burst ?? 0;
  const guaranteeRps = edge.guaranteeRps ?? 0;
  const share = rateRps !== undefined && edge.limitRps ? rateRps / edge.limitRps : 1 / nodeCount;
  const lease: EdgeLeasePlan = {
    workload: edge.workload,
    service: edge.service,
    rateRps,
    burst: sliceBurst(burst * (edge.overlay?.burstFactor ?? 1), share),
    safeRateRps: guaranteeRps / nodeCount,
    safeBurst: sliceBurst(burst, 1 / nodeCount),
    guaranteeRps,
    guaranteeBurst: burst,
    leaseMs: edge.leaseMs,
    accessLogLinesPerSec: edge.observation.accessLogLinesPerSec / nodeCount,
  };
  return edge.overlay === null ? lease : { ...lease, ...leaseOverlay(edge.overlay) };
}

function leaseOverlay(overlay: OverlayPlan): Partial<EdgeLeasePlan> {
  const { shedBelowPrio, shedRatio, shedRetries, fenced } = overlay;
  return { overlayExpiresInMs: OVERLAY_TERM_MS, shedBelowPrio, shedRatio, shedRetries, fenced };
}

function assign(node: ActiveNode, key: EdgeKey, next: EdgeLeasePlan, mustShrink: boolean): void {
  node.next.push(next);
  const current = node.current.get(key);
  if (!current || isMoved(current, next)) node.changed = true;
  else if (mustShrink && (next.rateRps ?? 0) < (current.rateRps ?? 0)) node.changed = true;
}

function isMoved(current: EdgeLeasePlan, next: EdgeLeasePlan): boolean {
  if ((current.rateRps === undefined) !== (next.rateRps === undefined)) return true;
  const rate = current.rateRps ?? 0;
  return (
    Math.abs((next.rateRps ?? 0) - rate) > MOVED_SHARE * rate + DUST ||
    Math.abs(next.burst - current.burst) > MOVED_SHARE * current.burst + DUST ||
    current.guaranteeRps !== next.guaranteeRps ||
    current.guaranteeBurst !== next.guaranteeBurst ||
    current.safeRateRps !== next.safeRateRps ||
    current.leaseMs !== next.leaseMs ||
    current.accessLogLinesPerSec !== next.accessLogLinesPerSec ||
    !sameOverlay(current, next)
  );
}

const sameOverlay = (a: EdgeLeasePlan, b: EdgeLeasePlan): boolean =>
  (a.overlayExpiresInMs ?? 0) === (b.overlayExpiresInMs ?? 0) &&
  (a.shedBelowPrio ?? 0) === (b.shedBelowPrio ?? 0) &&
  (a.shedRatio ?? 0) === (b.shedRatio ?? 0) &&
  (a.shedRetries ?? false) === (b.shedRetries ?? false) &&
  (a.fenced ?? false) === (b.fenced ?? false);

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
