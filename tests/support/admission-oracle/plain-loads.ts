import type { AdmissionScene, EdgeScene } from '../../../core/admission/admission-scene.ts';
import type { EdgeChange, MeshChange } from '../../../core/admission/load-forecast.ts';
import type { EdgeKey } from '../../../core/mesh/mesh-config.ts';

/** An edge of a service that a change reaches, now and then. */
export interface PlainEdge {
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

const RATE_MAX_RPS = 1e9;
const ROUNDS_MAX = 64;

/** `forecastLoads` as it is defined: every round looks at every edge of every service that the change may reach. */
export function plainLoads(scene: AdmissionScene, change: MeshChange): PlainEdge[] {
  const touched = touchedServices(scene, change);
  const known = [...touched].flatMap((service) => [...(scene.pools.get(service)?.edges.values() ?? [])]);
  const keys = new Set(known.map(({ key }) => key));
  const created = [...change.edges].filter(([key]) => !keys.has(key)).map(([key, edge]) => newEdge(key, edge));
  const edges = [...known.map((edge) => startOf(edge, change.edges.get(edge.key))), ...created];
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

function calleesOf(scene: AdmissionScene): ReadonlyMap<string, readonly string[]> {
  const callees = new Map<string, string[]>();
  for (const { edges } of scene.pools.values()) {
    for (const { workload, service, callsPerRequest } of edges.values()) {
      if (callsPerRequest === null) continue;
      callees.set(workload, [...(callees.get(workload) ?? []), service]);
    }
  }
  return callees;
}

function startOf(edge: EdgeScene, change: EdgeChange | undefined): PlainEdge {
  const { key, workload, service, tenant, loadRps, callsPerRequest, burstRatio } = edge;
  const guaranteeRps = change === undefined ? edge.guaranteeRps : change.guaranteeRps;
  const own = { key, workload, service, tenant, nowRps: loadRps, guaranteeRps, callsPerRequest, burstRatio };
  const isOpen = change?.isOpen ?? false;
  return { ...own, isOpen, thenRps: within(loadRps + (change?.addedRps ?? 0), loadRps, guaranteeRps, change) };
}

const newEdge = (key: EdgeKey, change: EdgeChange): PlainEdge => ({
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

function addedByService(edges: readonly PlainEdge[]): Map<string, number> {
  const added = new Map<string, number>();
  for (const { service, nowRps, thenRps } of edges) added.set(service, (added.get(service) ?? 0) + (thenRps - nowRps));
  return added;
}

/** An edge whose caller handles so many more requests. */
function follow(edge: PlainEdge, directRps: number, addedRequests: number): PlainEdge {
  if (edge.callsPerRequest === null || addedRequests === 0) return withLoad(edge, directRps);
  const wantedRps = directRps + edge.callsPerRequest * addedRequests;
  const most = edge.guaranteeRps === null ? RATE_MAX_RPS : Math.max(directRps, edge.guaranteeRps);
  return withLoad(edge, Math.max(0, Math.min(wantedRps, most)));
}

const withLoad = (edge: PlainEdge, thenRps: number): PlainEdge =>
  edge.thenRps === thenRps ? edge : { ...edge, thenRps };
