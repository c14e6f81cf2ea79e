import { at } from '../at.ts';
import type { EdgeKey } from '../mesh/mesh-config.ts';
import type { AnonymousCallerPlan, CapacityPlan, EdgeLeasePlan, LeasePlan, ServicePlan } from './capacity-plan.ts';
import { countEdges, EdgeLeases, type ToldEdges } from './edge-leases.ts';
import {
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
import { isFar, leaseBurst, leaseEdge } from './lease-edge.ts';
import { plannedEdges } from './planned-edges.ts';

/** A node without traffic still weighs this share of an equal split, so its first calls find room. */
const IDLE_WEIGHT = 0.1;
/** What sums of rates may stray by rounding, as a share of them. */
const DUST = 1e-9;

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
  readonly told: ToldEdges;
  /** Its slice of every edge in the order of the plan, calls per second; NaN = no rate limit. */
  readonly ratesRps: Float64Array;
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
  const publish = (lease: LeasePlan, lastFrameMs: number, told: ToldEdges | null): void => {
    leases.push(lease);
    nodes.set(lease.node, issueLease(nodes.get(lease.node), lease, nowMs, lastFrameMs, told));
  };

  const edgeCount = countEdges(plan.services);
  const active = input.nodes
    .filter((report) => !isSilent(report.lastFrameMs, nowMs))
    .map((report) => activeNode(report, settled, plan, edgeCount));
  const silent = [...settled.nodes.values()].filter((node) => isSilent(node.lastFrameMs, nowMs));
  const held = heldByService(settled.nodes.values());
  const slices = roomForSlices(plan, active.length);
  let first = 0;
  for (const service of plan.services) {
    sliceService(slices, service, plan.nodeCount, first, active, silent, held.get(service.service) ?? 0);
    first += service.edges.length;
  }

  const anonymous = anonymousCallers(plan);
  for (const node of active) {
    if (!needsLease(node, edgeCount, anonymous, nowMs)) continue;
    const seq = Math.max(node.leases?.newest.seq ?? 0, node.report.ackedSeq) + 1;
    const edges = leaseEdges(plan, node);
    const told = toldEdges(plan, node, edges);
    publish({ node: node.report.node, epoch, seq, edges, anonymous }, node.report.lastFrameMs, told);
  }
  for (const node of silent) {
    if (node.expiredAtMs !== nowMs) continue;
    publish(safeLease(node.newest, epoch), node.lastFrameMs, null);
  }
  return { leases, book: { nodes } };
}

function activeNode(report: NodeObservation, book: LeaseBook, plan: CapacityPlan, edgeCount: number): ActiveNode {
  const leases = book.nodes.get(report.node);
  const told = (leases?.outstanding.at(-1)?.edges ?? new EdgeLeases([])).against(plan);
  return { report, leases, told, ratesRps: new Float64Array(edgeCount), changed: !told.isAsPlanned };
}

/** Whole slices, once it is known that some of them moved. */
function leaseEdges({ services, nodeCount }: CapacityPlan, { ratesRps }: ActiveNode): EdgeLeasePlan[] {
  let place = 0;
  return services.flatMap((service) =>
    service.edges.map((edge) => leaseEdge(service, edge, nodeCount, at(ratesRps, place++))),
  );
}

/** What a node is told that gets these slices. */
function toldEdges(
  { services, nodeCount }: CapacityPlan,
  { ratesRps }: ActiveNode,
  edges: readonly EdgeLeasePlan[],
): ToldEdges {
  const burst = new Float64Array(edges.length);
  for (let i = 0; i < edges.length; i++) burst[i] = at(edges, i).burst;
  return { services, nodeCount, rateRps: ratesRps, burst, isAsPlanned: true };
}

function needsLease(
  node: ActiveNode,
  edgeCount: number,
  anonymous: readonly AnonymousCallerPlan[],
  nowMs: number,
): boolean {
  const newest = node.leases?.newest;
  return (
    !newest ||
    node.changed ||
    edgeCount !== newest.edges.length ||
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

/**
 * @param slices room for those of the service
 * @param first place of its first edge among all edges of the plan
 */
function sliceService(
  slices: WantedSlices,
  service: ServicePlan,
  nodeCount: number,
  first: number,
  nodes: readonly ActiveNode[],
  silent: readonly NodeLeases[],
  heldInServiceRps: number,
): void {
  const { keys, limitRps, burst } = plannedEdges(service);
  slices.growthRps = 0;
  slices.mustShrink.fill(0);
  for (let i = 0; i < keys.length; i++) {
    if (!Number.isNaN(limitRps[i])) sliceEdge(slices, i, first + i, at(keys, i), limitRps[i] as number, nodes, silent);
  }
  const room = Math.max(0, (service.capacityRps ?? Number.POSITIVE_INFINITY) - heldInServiceRps);
  const scale = slices.growthRps > room ? room / slices.growthRps : 1;
  for (let i = 0; i < keys.length; i++) {
    const limit = limitRps[i] as number;
    for (let n = 0; n < nodes.length; n++) {
      const cell = i * nodes.length + n;
      const node = nodes[n] as ActiveNode;
      const unlimited = Number.isNaN(limit);
      const rateRps = unlimited ? Number.NaN : (slices.base[cell] as number) + scale * (slices.growth[cell] as number);
      node.ratesRps[first + i] = rateRps;
      if (node.changed) continue;
      const toldRps = node.told.rateRps[first + i] as number;
      node.changed =
        (!unlimited && (isFar(rateRps, toldRps) || (slices.mustShrink[i] === 1 && rateRps < toldRps))) ||
        isFar(leaseBurst(burst[i] as number, limit, nodeCount, rateRps), node.told.burst[first + i] as number);
    }
  }
}

/** Calls per second of each edge of one service on each node, edge by edge; written anew for every service. */
interface WantedSlices {
  /** What each node may have without any room being free. */
  readonly base: Float64Array;
  /** What it would get on top; fits into what the edge has free. */
  readonly growth: Float64Array;
  /** Σ growth. */
  growthRps: number;
  /** By edge: 1 where the slices as they stand add to more than the limit. */
  readonly mustShrink: Uint8Array;
}

function roomForSlices({ services }: CapacityPlan, nodes: number): WantedSlices {
  const edges = services.reduce((most, service) => Math.max(most, service.edges.length), 0);
  return {
    base: new Float64Array(edges * nodes),
    growth: new Float64Array(edges * nodes),
    growthRps: 0,
    mustShrink: new Uint8Array(edges),
  };
}

/**
 * Runs over every edge in every tick: until the targets are known, `base` holds weights and `growth` what is held.
 *
 * @param i its place in the service
 * @param place the same in the whole plan
 */
function sliceEdge(
  slices: WantedSlices,
  i: number,
  place: number,
  key: EdgeKey,
  limitRps: number,
  nodes: readonly ActiveNode[],
  silent: readonly NodeLeases[],
): void {
  const { base, growth } = slices;
  const first = i * nodes.length;
  const idle = (IDLE_WEIGHT * limitRps) / nodes.length;
  let currentRps = 0;
  let weightSum = 0;
  let heldSum = 0;
  for (let n = 0; n < nodes.length; n++) {
    const node = nodes[n] as ActiveNode;
    const weight = Math.max(node.report.offeredRps.get(key) ?? 0, idle);
    const toldRps = node.told.rateRps[place] as number;
    const isOnlyLease = node.leases?.outstanding.length === 1;
    const held = isOnlyLease ? toldRps : heldRps(node.leases, key);
    base[first + n] = weight;
    growth[first + n] = held;
    weightSum += weight;
    heldSum += held;
    currentRps += toldRps;
  }
  let silentRps = 0;
  for (const node of silent) silentRps += heldRps(node, key);
  const divisible = Math.max(0, limitRps - silentRps);
  const shared = Math.min(1, weightSum > 0 ? divisible / weightSum : 0);
  const spare = Math.max(0, divisible - weightSum) / nodes.length;
  let wantedRps = 0;
  for (let cell = first; cell < first + nodes.length; cell++) {
    const target = shared * (base[cell] as number) + spare;
    const held = growth[cell] as number;
    base[cell] = Math.min(target, held);
    growth[cell] = Math.max(0, target - held);
    wantedRps += growth[cell] as number;
  }
  const free = Math.max(0, divisible - heldSum);
  const scale = wantedRps > free ? free / wantedRps : 1;
  if (scale !== 1)
    for (let cell = first; cell < first + nodes.length; cell++) growth[cell] = scale * (growth[cell] as number);
  slices.growthRps += wantedRps * scale;
  slices.mustShrink[i] = currentRps > divisible * (1 + DUST) ? 1 : 0;
}
