import type { EdgeKey } from '../mesh/mesh-config.ts';
import type { AdmissionScene, EdgeScene, PoolScene } from './admission-scene.ts';

/** What follows from a scene alone. Everything in it is in the order of the scene. */
export interface SceneIndex {
  readonly pools: ReadonlyMap<string, IndexedPool>;
  /** Edges by the workload that calls. */
  readonly byCaller: ReadonlyMap<string, readonly IndexedEdge[]>;
}

export interface IndexedEdge {
  readonly edge: EdgeScene;
  readonly pool: PoolScene;
  /** Number in the order of the scene. */
  readonly position: number;
}

/** A scene is never changed, so what follows from it alone is kept with it. */
const INDICES = new WeakMap<AdmissionScene, SceneIndex>();

/** Worked out when a scene is asked about for the first time; its cost grows with all edges of the scene. */
export function sceneIndex(scene: AdmissionScene): SceneIndex {
  const known = INDICES.get(scene);
  if (known !== undefined) return known;
  const index = indexScene(scene);
  INDICES.set(scene, index);
  return index;
}

function indexScene(scene: AdmissionScene): SceneIndex {
  const pools = new Map<string, IndexedPool>();
  const byCaller = new Map<string, IndexedEdge[]>();
  let position = 0;
  for (const pool of scene.pools.values()) {
    const edges = new Map<EdgeKey, IndexedEdge>();
    for (const edge of pool.edges.values()) {
      const indexed = { edge, pool, position };
      position++;
      edges.set(edge.key, indexed);
      const own = byCaller.get(edge.workload);
      if (own) own.push(indexed);
      else byCaller.set(edge.workload, [indexed]);
    }
    pools.set(pool.service, new IndexedPool(pool, edges, pools.size));
  }
  return { pools, byCaller };
}

/** One service of a scene. What few services are asked for is worked out when it is asked for. */
export class IndexedPool {
  readonly pool: PoolScene;
  readonly edges: ReadonlyMap<EdgeKey, IndexedEdge>;
  /** Number in the order of the scene. */
  readonly position: number;
  #tenantRps: ReadonlyMap<string, number> | undefined;

  constructor(pool: PoolScene, edges: ReadonlyMap<EdgeKey, IndexedEdge>, position: number) {
    this.pool = pool;
    this.edges = edges;
    this.position = position;
  }

  /** Load of a tenant's edges, calls per second; 0 without edges. */
  tenantRps(tenant: string): number {
    this.#tenantRps ??= loadByTenant(this.pool);
    return this.#tenantRps.get(tenant) ?? 0;
  }
}

function loadByTenant({ edges }: PoolScene): ReadonlyMap<string, number> {
  const loads = new Map<string, number>();
  for (const { tenant, loadRps } of edges.values()) loads.set(tenant, (loads.get(tenant) ?? 0) + loadRps);
  return loads;
}
