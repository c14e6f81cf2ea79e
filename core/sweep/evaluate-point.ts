import { GATES } from '../gates/gate-state.ts';
import { viewOf } from '../kernel/view-of.ts';
import type { EdgeKey, MeshConfig } from '../mesh/mesh-config.ts';
import { MeshSimulation } from '../simulation/mesh-simulation.ts';
import { seededRandom } from '../simulation/seeded-random.ts';
import { type GateLook, judgeLooks } from './judge-looks.ts';
import type { PointResult } from './point-result.ts';
import type { SweepPoint } from './sweep-points.ts';
import type { SweepScenario } from './sweep-scenario.ts';
import { sweptMesh } from './swept-mesh.ts';

/** What is the same at every point of a sweep. */
export interface SweepTask {
  readonly config: MeshConfig;
  /** Budget lines that are swept. */
  readonly edges: ReadonlySet<EdgeKey>;
  readonly scenario: SweepScenario;
  readonly settings: SweepSettings;
}

export interface SweepSettings {
  /** For which only `CALM_SHARE` of the load is offered at first, s: a mesh knows its services before they are loaded. */
  readonly calmSec: number;
  /** From then on until the gates are looked at, s. */
  readonly settleSec: number;
  /** For which they have to stay open, s. */
  readonly judgeSec: number;
  /** Of every random number; all points share it, so that they differ by their budgets alone. */
  readonly seed: number;
}

/** Where nothing is said; half a minute of calm is what the gates need to know anything. */
export const DEFAULT_SETTINGS: SweepSettings = { calmSec: 40, settleSec: 5, judgeSec: 55, seed: 1 };
/** Share of the load in the calm beginning; of the load swept where that is less. */
export const CALM_SHARE = 0.3;
/** Callers take the nodes in turn. */
const EVEN = 1;
/** In which every node gets its first lease. */
const NODES_START_SEC = 5;

/** Lets the mesh of a point come under its load, and judges it once its gates have settled. */
export function evaluatePoint({ config, edges, scenario, settings }: SweepTask, point: SweepPoint): PointResult {
  const mesh = new MeshSimulation({
    config: sweptMesh(config, edges, point),
    services: scenario.services,
    nodes: scenario.nodes,
    nodeSkew: EVEN,
    random: seededRandom(settings.seed),
  });
  const factor = point.values.load ?? 1;
  const offer = (share: number): void => {
    for (const { workload, service, rps } of scenario.load) mesh.offer(workload, service, share * rps);
  };
  mesh.run(NODES_START_SEC);
  offer(CALM_SHARE * Math.min(1, factor));
  mesh.run(settings.calmSec);
  offer(factor);
  mesh.run(settings.settleSec);
  mesh.restartWatch();
  const looks = Array.from({ length: settings.judgeSec }, () => {
    mesh.run(1);
    return lookAt(mesh);
  });
  const { calls, goodputRps, refusedRatio, seconds } = mesh.report();
  return {
    ...judgeLooks(looks),
    offeredRps: calls.offered / seconds,
    goodputRps,
    refusedShare: refusedRatio,
  };
}

function lookAt({ kernel, sec }: MeshSimulation): GateLook[] {
  return viewOf(kernel, 1000 * sec).services.flatMap(({ service, gates }) =>
    GATES.map((gate) => ({ service, gate, status: gates[gate].status, ratio: gates[gate].ratio })),
  );
}
