import type { EdgeKey } from '../mesh/mesh-config.ts';
import type { AdmissionScene, EdgeScene } from './admission-scene.ts';

/** What changes of a mesh; all that is not named stays as it is. Rates in calls per second. */
export interface MeshChange {
  readonly edges: ReadonlyMap<EdgeKey, EdgeChange>;
  /** K then, by service; `null` = unknown. */
  readonly capacityRps: ReadonlyMap<string, number | null>;
  /** Largest live C_geo and C_int then, by service. */
  readonly levels: ReadonlyMap<string, { readonly geo: number | null; readonly int: number | null }>;
}

export interface EdgeChange {
  readonly workload: string;
  readonly service: string;
  readonly tenant: string;
  /** What the change itself does to the load of the edge; negative = less. */
  readonly addedRps: number;
  /** `null` = no rate limit. */
  readonly guaranteeRps: number | null;
  /** How much load the change brings cannot be said. */
  readonly isOpen: boolean;
}

/** An edge now and then. */
export interface EdgeForecast {
  readonly key: EdgeKey;
  readonly workload: string;
  readonly service: string;
  readonly tenant: string;
  readonly nowRps: number;
  readonly thenRps: number;
  readonly guaranteeRps: number | null;
  readonly callsPerRequest: number | null;
  readonly burstRatio: number | null;
  readonly isOpen: boolean;
}

/** Keeps circles that feed each other without a limit within numbers, calls per second. */
const RATE_MAX_RPS = 1e9;
/** Calls that call each other in a circle are followed so many times round. */
const ROUNDS_MAX = 64;

/**
 * The load of every edge after a change: ρ_e + added, never above the guarantee
 * unless it is there already; and where a service handles Δx more requests, its
 * own calls grow by Δx·R_ij, each edge within its guarantee (MATHS §B7, §B1).
 * Never falls as what is added grows. Tells of the edges of all services that the
 * change reaches.
 */
export function forecastLoads(scene: AdmissionScene, change: MeshChange): EdgeForecast[] {
  const touched = touchedServices(scene, change);
  const known = [...touched].flatMap((service) => [...(scene.pools.get(service)?.edges.values() ?? [])]);
  const keys = new Set(known.map(({ key }) => key));
  const created = [...change.edges].filter(([key]) => !keys.has(key)).map(([key, edge]) => newEdge(key, edge));
  const edges = [...known.map((edge) => atStart(edge, change.edges.get(edge.key))), ...created];
  const direct = new Map(edges.map(({ key, thenRps }) => [key, thenRps]));
  let loads = edges;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const grown = addedByService(loads);
    const next = loads.map((edge) => follow(edge, direct.get(edge.key) ?? 0, grown.get(edge.workload) ?? 0));
    if (next.every(({ thenRps }, i) => thenRps === loads[i]?.thenRps)) break;
    loads = next;
  }
  return loads;
}

/** Services whose edges change, and those that they call in turn. */
function touchedServices(scene: AdmissionScene, { edges, capacityRps }: MeshChange): Set<string> {
  const touched = new Set([...capacityRps.keys(), ...[...edges.values()].map(({ service }) => service)]);
  const callees = calleesOf(scene);
  // A set tells what is added while it is walked, too.
  for (const service of touched) for (const callee of callees.get(service) ?? []) touched.add(callee);
  return touched;
}

/** A scene is never changed, so what follows from it alone is kept with it. */
const CALLEES = new WeakMap<AdmissionScene, ReadonlyMap<string, readonly string[]>>();

function calleesOf(scene: AdmissionScene): ReadonlyMap<string, readonly string[]> {
  const known = CALLEES.get(scene);
  if (known !== undefined) return known;
  const callees = new Map<string, string[]>();
  for (const { edges } of scene.pools.values()) {
    for (const { workload, service, callsPerRequest } of edges.values()) {
      if (callsPerRequest === null) continue;
      const own = callees.get(workload);
      if (own) own.push(service);
      else callees.set(workload, [service]);
    }
  }
  CALLEES.set(scene, callees);
  return callees;
}

/** Most edges of a service are not named by a change: as they start they stay with their scene. */
const UNCHANGED = new WeakMap<EdgeScene, EdgeForecast>();

function atStart(edge: EdgeScene, change: EdgeChange | undefined): EdgeForecast {
  const known = change === undefined ? UNCHANGED.get(edge) : undefined;
  if (known !== undefined) return known;
  const start = startOf(edge, change);
  if (change === undefined) UNCHANGED.set(edge, start);
  return start;
}

function startOf(edge: EdgeScene, change: EdgeChange | undefined): EdgeForecast {
  const { key, workload, service, tenant, loadRps, callsPerRequest, burstRatio } = edge;
  const guaranteeRps = change === undefined ? edge.guaranteeRps : change.guaranteeRps;
  const own = { key, workload, service, tenant, nowRps: loadRps, guaranteeRps, callsPerRequest, burstRatio };
  const isOpen = change?.isOpen ?? false;
  return { ...own, isOpen, thenRps: within(loadRps + (change?.addedRps ?? 0), loadRps, guaranteeRps, change) };
}

const newEdge = (key: EdgeKey, change: EdgeChange): EdgeForecast => ({
  key,
  workload: change.workload,
  service: change.service,
  tenant: change.tenant,
  nowRps: 0,
  thenRps: within(change.addedRps, 0, change.guaranteeRps, change),
  guaranteeRps: change.guaranteeRps,
  callsPerRequest: null,
  burstRatio: null,
  isOpen: change.isOpen,
});

/** What it had it keeps, unless its own budget takes it away; what is added stays within the guarantee. */
function within(rps: number, nowRps: number, guaranteeRps: number | null, change: EdgeChange | undefined): number {
  if (guaranteeRps === null) return Math.max(0, rps);
  const most = change !== undefined && change.addedRps < 0 ? guaranteeRps : Math.max(nowRps, guaranteeRps);
  return Math.max(0, Math.min(rps, most));
}

function addedByService(edges: readonly EdgeForecast[]): Map<string, number> {
  const added = new Map<string, number>();
  for (const { service, nowRps, thenRps } of edges) added.set(service, (added.get(service) ?? 0) + thenRps - nowRps);
  return added;
}

/** An edge whose caller handles so many more requests. */
function follow(edge: EdgeForecast, directRps: number, addedRequests: number): EdgeForecast {
  if (edge.callsPerRequest === null || addedRequests === 0) return withLoad(edge, directRps);
  const wantedRps = directRps + edge.callsPerRequest * addedRequests;
  const most = edge.guaranteeRps === null ? RATE_MAX_RPS : Math.max(directRps, edge.guaranteeRps);
  return withLoad(edge, Math.max(0, Math.min(wantedRps, most)));
}

const withLoad = (edge: EdgeForecast, thenRps: number): EdgeForecast =>
  edge.thenRps === thenRps ? edge : { ...edge, thenRps };
