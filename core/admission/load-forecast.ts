import type { EdgeKey } from '../mesh/mesh-config.ts';
import type { AdmissionScene } from './admission-scene.ts';
import { type IndexedEdge, sceneIndex } from './scene-index.ts';

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

/** An edge that a change moves, now and then. */
export interface EdgeForecast {
  readonly key: EdgeKey;
  readonly tenant: string;
  readonly nowRps: number;
  readonly thenRps: number;
  readonly burstRatio: number | null;
}

/** The load of one service after a change. */
export interface LoadForecast {
  /** Calls per second of all edges, then over now; negative = less. */
  readonly addedRps: number;
  /** How much load comes to some of its edges cannot be said. */
  readonly isOpen: boolean;
  /** Edges that the change names or moves, in the order of the scene; new ones last. All others stay as they are. */
  readonly edges: readonly EdgeForecast[];
}

/** Keeps circles that feed each other without a limit within numbers, calls per second. */
const RATE_MAX_RPS = 1e9;
/** Calls that call each other in a circle are followed so many times round. */
const ROUNDS_MAX = 64;

/**
 * The load of every edge after a change: ρ_e + added, never above the guarantee
 * unless it is there already; and where a service handles Δx more requests, its
 * own calls grow by Δx·R_ij, each edge within its guarantee (MATHS §B7, §B1).
 * Never falls as what is added grows. Its cost grows with the edges that move and
 * with the calls of the services that they lead to, not with all edges of these.
 */
export function forecastLoads(scene: AdmissionScene, change: MeshChange): ReadonlyMap<string, LoadForecast> {
  const { pools, byCaller } = sceneIndex(scene);
  const moved = new Map<string, MovedService>();
  for (const [key, edge] of change.edges) {
    const known = pools.get(edge.service)?.edges.get(key);
    const service = movedService(moved, edge.service);
    service.add(known === undefined ? newEdge(key, edge) : changedEdge(known, edge));
    service.isOpen ||= edge.isOpen;
  }
  let grown = [...moved.values()].filter((service) => service.sumUp());
  for (let round = 0; round < ROUNDS_MAX && grown.length > 0; round++) {
    const reached = new Set<MovedService>();
    // All follow what the round before left: sums change when the round is over.
    for (const { service, addedRps } of grown) {
      for (const called of byCaller.get(service) ?? []) {
        if (called.edge.callsPerRequest === null) continue;
        const callee = movedService(moved, called.edge.service);
        if (callee.follow(called, called.edge.callsPerRequest * addedRps)) reached.add(callee);
      }
    }
    grown = [...reached].filter((service) => service.sumUp());
  }
  return moved;
}

interface MovedEdge extends EdgeForecast {
  readonly position: number;
  readonly guaranteeRps: number | null;
  /** What the change itself makes of it. */
  readonly directRps: number;
  thenRps: number;
}

/** The edges of one service that move, as far as they have been followed. */
class MovedService implements LoadForecast {
  readonly service: string;
  readonly edges: MovedEdge[] = [];
  addedRps = 0;
  isOpen = false;
  readonly #byKey = new Map<EdgeKey, MovedEdge>();
  #inOrder = true;

  constructor(service: string) {
    this.service = service;
  }

  add(edge: MovedEdge): void {
    this.#inOrder &&= edge.position >= (this.edges.at(-1)?.position ?? 0);
    this.edges.push(edge);
    this.#byKey.set(edge.key, edge);
  }

  /** An edge on which so many calls follow. Whether its load changes. */
  follow(indexed: IndexedEdge, addedRps: number): boolean {
    const known = this.#byKey.get(indexed.edge.key);
    const edge = known ?? unchangedEdge(indexed);
    const thenRps = followedRps(edge, addedRps);
    if (thenRps === edge.thenRps) return false;
    edge.thenRps = thenRps;
    if (known === undefined) this.add(edge);
    return true;
  }

  /** Whether what is added to the service is another than before. */
  sumUp(): boolean {
    if (!this.#inOrder) this.edges.sort((a, b) => a.position - b.position);
    this.#inOrder = true;
    const before = this.addedRps;
    // Differences are added up, not loads: a circle would make what rounding leaves of them grow.
    this.addedRps = this.edges.reduce((sum, { nowRps, thenRps }) => sum + (thenRps - nowRps), 0);
    return this.addedRps !== before;
  }
}

function followedRps({ directRps, guaranteeRps }: MovedEdge, addedRps: number): number {
  const most = guaranteeRps === null ? RATE_MAX_RPS : Math.max(directRps, guaranteeRps);
  return Math.max(0, Math.min(directRps + addedRps, most));
}

function movedService(moved: Map<string, MovedService>, service: string): MovedService {
  const known = moved.get(service);
  if (known !== undefined) return known;
  const own = new MovedService(service);
  moved.set(service, own);
  return own;
}

const unchangedEdge = (indexed: IndexedEdge): MovedEdge => movedEdge(indexed, indexed.edge.loadRps, null);

function changedEdge(indexed: IndexedEdge, change: EdgeChange): MovedEdge {
  const { loadRps } = indexed.edge;
  return movedEdge(indexed, within(loadRps + change.addedRps, loadRps, change), change);
}

function movedEdge({ edge, position }: IndexedEdge, directRps: number, change: EdgeChange | null): MovedEdge {
  const { key, tenant, loadRps, burstRatio } = edge;
  const guaranteeRps = change === null ? edge.guaranteeRps : change.guaranteeRps;
  return { key, tenant, nowRps: loadRps, directRps, thenRps: directRps, guaranteeRps, burstRatio, position };
}

function newEdge(key: EdgeKey, change: EdgeChange): MovedEdge {
  const { tenant, guaranteeRps } = change;
  const directRps = within(change.addedRps, 0, change);
  const position = Number.MAX_SAFE_INTEGER;
  return { key, tenant, nowRps: 0, directRps, thenRps: directRps, guaranteeRps, burstRatio: null, position };
}

/** What it had it keeps, unless its own budget takes it away; what is added stays within the guarantee. */
function within(rps: number, nowRps: number, { addedRps, guaranteeRps }: EdgeChange): number {
  if (guaranteeRps === null) return Math.max(0, rps);
  const most = addedRps < 0 ? guaranteeRps : Math.max(nowRps, guaranteeRps);
  return Math.max(0, Math.min(rps, most));
}
