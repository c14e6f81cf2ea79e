import { type EdgeKey, edgeKey } from '../mesh/mesh-config.ts';
import type { EdgeLeasePlan, LeasePlan } from './capacity-plan.ts';
import { EdgeLeases, type ToldEdges } from './edge-leases.ts';
import type { RateByEdge } from './plan-input.ts';

/** A node that sent no frame for this long is silent (CONTRACT §H). */
export const SILENT_AFTER_MS = 3000;
/** How long the safe share of a silent node stays reserved after its lease expired (CONTRACT §H). */
export const RESERVE_MS = 600_000;
/** A lease may arrive this much later than it was issued; it expires that much later too. */
const DELIVERY_GRACE_MS = 2000;
/** A silent node falls to its safe share, which may exceed its slice: room for it is kept from this long before. */
const SAFE_LEAD_MS = 5000;
/** Unacknowledged leases kept apart per node; older ones are folded into one. */
const OUTSTANDING_MAX = 8;

/** Everything that nodes may be applying right now: the memory of the slicer. */
export interface LeaseBook {
  readonly nodes: ReadonlyMap<string, NodeLeases>;
}

/** No node holds a lease. */
export const EMPTY_LEASE_BOOK: LeaseBook = { nodes: new Map() };

export interface NodeLeases {
  /** Monotonic milliseconds. */
  readonly lastFrameMs: number;
  /** The newest lease issued. */
  readonly newest: LeasePlan;
  /** What the node may apply: leases not older than the acknowledged one, oldest first. */
  readonly outstanding: readonly OutstandingLease[];
  /** Since when a silent node holds its safe share only; `null` while it holds a lease. */
  readonly expiredAtMs: number | null;
}

export interface OutstandingLease {
  readonly seq: number;
  readonly issuedMs: number;
  readonly expiresMs: number;
  /** As the node may apply them: after expiry the rate is the safe rate. */
  readonly edges: EdgeLeases;
}

/** What a node reported last. */
export interface NodeObservation {
  readonly node: string;
  readonly offeredRps: RateByEdge;
  /** Newest lease in force on the node. */
  readonly ackedSeq: number;
  /** Monotonic milliseconds at which its newest frame arrived. */
  readonly lastFrameMs: number;
}

/** Whether no frame came for 3 s: the node keeps its slice, and gets no larger one (CONTRACT §H). Monotonic milliseconds. */
export const isSilent = (lastFrameMs: number, nowMs: number): boolean => nowMs - lastFrameMs > SILENT_AFTER_MS;

/** The book of a control plane that starts: every stored lease counts as just issued. */
export function restoreLeaseBook(stored: readonly LeasePlan[], nowMs: number): LeaseBook {
  const nodes = stored.map((lease): [string, NodeLeases] => [
    lease.node,
    {
      lastFrameMs: nowMs,
      newest: lease,
      outstanding: [outstanding(lease, nowMs)],
      expiredAtMs: null,
    },
  ]);
  return { nodes: new Map(nodes) };
}

/** Drops what is acknowledged, expired, or reserved for long enough. */
export function settleLeaseBook(book: LeaseBook, observed: readonly NodeObservation[], nowMs: number): LeaseBook {
  const reports = new Map(observed.map((report) => [report.node, report]));
  const nodes = new Map<string, NodeLeases>();
  for (const [node, leases] of book.nodes) {
    const settled = settleNode(leases, reports.get(node), nowMs);
    if (settled.expiredAtMs === null || nowMs - settled.expiredAtMs < RESERVE_MS) nodes.set(node, settled);
  }
  return { nodes };
}

function settleNode(leases: NodeLeases, report: NodeObservation | undefined, nowMs: number): NodeLeases {
  const lastFrameMs = Math.max(leases.lastFrameMs, report?.lastFrameMs ?? leases.lastFrameMs);
  const ackedSeq = report?.ackedSeq ?? 0;
  const kept = leases.outstanding.filter((lease, i) => lease.seq >= ackedSeq || i === leases.outstanding.length - 1);
  const silent = isSilent(lastFrameMs, nowMs);
  const newestExpired = (kept.at(-1)?.expiresMs ?? nowMs) <= nowMs;
  return {
    lastFrameMs,
    newest: leases.newest,
    outstanding: kept.map((lease) => ageLease(lease, silent, nowMs)),
    expiredAtMs: silent ? (leases.expiredAtMs ?? (newestExpired ? nowMs : null)) : null,
  };
}

function ageLease(lease: OutstandingLease, silent: boolean, nowMs: number): OutstandingLease {
  if (lease.expiresMs <= nowMs) return withRates(lease, (edge) => edge.safeRateRps);
  if (!silent || lease.expiresMs - SAFE_LEAD_MS > nowMs) return lease;
  return withRates(lease, (edge, rateRps) => Math.max(rateRps, edge.safeRateRps));
}

function withRates(lease: OutstandingLease, rate: (edge: EdgeLeasePlan, rateRps: number) => number): OutstandingLease {
  const edges = [...lease.edges].map((edge) =>
    edge.rateRps === undefined ? edge : { ...edge, rateRps: rate(edge, edge.rateRps) },
  );
  return { ...lease, edges: new EdgeLeases(edges) };
}

/**
 * Enters a lease that is being published.
 *
 * @param told of the plan that it was made from, where that is known
 */
export function issueLease(
  leases: NodeLeases | undefined,
  lease: LeasePlan,
  nowMs: number,
  lastFrameMs: number,
  told: ToldEdges | null = null,
): NodeLeases {
  return {
    lastFrameMs,
    newest: lease,
    outstanding: foldOldest([...(leases?.outstanding ?? []), outstanding(lease, nowMs, told)]),
    expiredAtMs: leases?.expiredAtMs ?? null,
  };
}

/** The largest rate of an edge that the node may be applying, calls per second. */
export function heldRps(leases: NodeLeases | undefined, key: EdgeKey): number {
  let held = 0;
  for (const lease of leases?.outstanding ?? []) held = Math.max(held, lease.edges.get(key)?.rateRps ?? 0);
  return held;
}

/** The same summed over the edges of each service, also of edges that plans no longer have: nodes may still serve them. */
export function heldByService(nodes: Iterable<NodeLeases>): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { outstanding: leases } of nodes) {
    const [first, ...more] = leases;
    if (!first) continue;
    const edges = more.reduce((merged, lease) => largest(merged, lease.edges), first.edges);
    for (const [service, rps] of edges.rpsByService) sums.set(service, (sums.get(service) ?? 0) + rps);
  }
  return sums;
}

/** The shortest term of a slice or an action among the edges, milliseconds; Infinity without edges. */
export const leaseTermMs = (lease: LeasePlan): number =>
  lease.edges.reduce(
    (shortest, { leaseMs, overlayExpiresInMs }) => Math.min(shortest, leaseMs, overlayExpiresInMs || leaseMs),
    Number.POSITIVE_INFINITY,
  );

function outstanding(lease: LeasePlan, nowMs: number, told: ToldEdges | null = null): OutstandingLease {
  const longest = lease.edges.reduce((top, edge) => Math.max(top, edge.leaseMs), 0);
  return {
    seq: lease.seq,
    issuedMs: nowMs,
    expiresMs: nowMs + longest + DELIVERY_GRACE_MS,
    edges: new EdgeLeases(lease.edges, told),
  };
}

function foldOldest(leases: readonly OutstandingLease[]): readonly OutstandingLease[] {
  const [first, second, ...rest] = leases;
  if (leases.length <= OUTSTANDING_MAX || !first || !second) return leases;
  const folded: OutstandingLease = {
    seq: second.seq,
    issuedMs: second.issuedMs,
    expiresMs: Math.max(first.expiresMs, second.expiresMs),
    edges: largest(first.edges, second.edges),
  };
  return [folded, ...rest];
}

function largest(a: EdgeLeases, b: EdgeLeases): EdgeLeases {
  const merged = new Map<EdgeKey, EdgeLeasePlan>();
  for (const edge of [...a, ...b]) {
    const key = edgeKey(edge.workload, edge.service);
    const other = merged.get(key);
    if (!other || (other.rateRps ?? 0) < (edge.rateRps ?? 0)) merged.set(key, edge);
  }
  return new EdgeLeases([...merged.values()]);
}
