import { GATES, type GateName, type GateStatus } from '../gates/gate-state.ts';
import type { AdmissionScene } from './admission-scene.ts';
import { forecastGates, type GateForecast } from './gate-forecast.ts';
import { type EdgeForecast, forecastLoads, type MeshChange } from './load-forecast.ts';

/** One service now and after a change. */
export interface ServiceForecast {
  readonly service: string;
  /** Calls per second of all callers. */
  readonly nowRps: number;
  readonly thenRps: number;
  /** K then, calls per second; `null` = unknown. */
  readonly capacityRps: number | null;
  readonly gates: readonly GateForecast[];
}

/** A gate over several services: as in the worst of them. */
export interface GateOutlook {
  /** u; `null` where no service has one. */
  readonly u: number | null;
  readonly status: GateStatus;
  /** The service, and what in it is worst. */
  readonly worst: string;
}

/** Two loads that differ by less are the same, calls per second. */
const DUST_RPS = 1e-9;

/**
 * What would become of the gates of every service that a change touches: those
 * whose load, limits or thresholds it moves, through the call model too (MATHS §B7).
 * Changes nothing.
 *
 * @param always services that are told of even where nothing changes
 */
export function whatIf(scene: AdmissionScene, change: MeshChange, always: ReadonlySet<string>): ServiceForecast[] {
  const byService = groupByService(forecastLoads(scene, change));
  return [...scene.pools.values()].flatMap((pool) => {
    const edges = byService.get(pool.service) ?? [];
    const addedRps = edges.reduce((sum, { nowRps, thenRps }) => sum + thenRps - nowRps, 0);
    const changed = change.capacityRps.get(pool.service);
    const isTouched = Math.abs(addedRps) > DUST_RPS || changed !== undefined || edges.some(({ isOpen }) => isOpen);
    if (!isTouched && !always.has(pool.service)) return [];
    const capacityRps = changed === undefined ? pool.capacityRps : changed;
    const loadRps = Math.max(0, pool.loadRps + addedRps);
    const { geo, int } = change.levels.get(pool.service) ?? pool.live;
    const gates = forecastGates(pool, { loadRps, capacityRps, geo, int, edges });
    return [{ service: pool.service, nowRps: pool.loadRps, thenRps: loadRps, capacityRps, gates }];
  });
}

/** Each gate as in the worst of the services: FAIL before UNKNOWN before PASS, then by ratio. */
export function outlookOf(services: readonly ServiceForecast[]): Readonly<Record<GateName, GateOutlook>> {
  const worst = (gate: GateName): GateOutlook => {
    const own = services.flatMap(({ gates }) => gates.filter((one) => one.gate === gate));
    const status = STATUS_ORDER.find((each) => own.some((one) => one.status === each)) ?? 'UNKNOWN';
    const first = own
      .filter((one) => one.ratio !== null)
      .reduce<GateForecast | null>((a, b) => ((b.ratio ?? 0) > (a?.ratio ?? -1) ? b : a), null);
    if (first === null) return { u: null, status, worst: '' };
    return { u: first.ratio, status, worst: [first.service, first.worst].filter((part) => part !== '').join(': ') };
  };
  return Object.fromEntries(GATES.map((gate) => [gate, worst(gate)])) as Record<GateName, GateOutlook>;
}

const STATUS_ORDER: readonly GateStatus[] = ['FAIL', 'UNKNOWN', 'PASS', 'NOT_APPLICABLE'];

function groupByService(edges: readonly EdgeForecast[]): Map<string, EdgeForecast[]> {
  const grouped = new Map<string, EdgeForecast[]>();
  for (const edge of edges) {
    const known = grouped.get(edge.service);
    if (known) known.push(edge);
    else grouped.set(edge.service, [edge]);
  }
  return grouped;
}
