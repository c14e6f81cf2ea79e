import { GATES, type GateName, type GateStatus } from '../gates/gate-state.ts';
import type { AdmissionScene } from './admission-scene.ts';
import { forecastGates, type GateForecast } from './gate-forecast.ts';
import { forecastLoads, type LoadForecast, type MeshChange } from './load-forecast.ts';
import { type IndexedPool, sceneIndex } from './scene-index.ts';

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
  const { pools } = sceneIndex(scene);
  const loads = forecastLoads(scene, change);
  const told: IndexedPool[] = [];
  for (const service of reachedServices(loads, change, always)) {
    const indexed = pools.get(service);
    if (indexed !== undefined) told.push(indexed);
  }
  return told
    .sort((a, b) => a.position - b.position)
    .map((one) => forecastService(one, loads.get(one.pool.service), change));
}

/** Services whose load, limits or thresholds change, and those that are told of anyway. */
function reachedServices(
  loads: ReadonlyMap<string, LoadForecast>,
  { capacityRps }: MeshChange,
  always: ReadonlySet<string>,
): Set<string> {
  const reached = new Set(always);
  for (const service of capacityRps.keys()) reached.add(service);
  for (const [service, { addedRps, isOpen }] of loads) {
    if (Math.abs(addedRps) > DUST_RPS || isOpen) reached.add(service);
  }
  return reached;
}

function forecastService(indexed: IndexedPool, load: LoadForecast | undefined, change: MeshChange): ServiceForecast {
  const { service, loadRps, live, capacityRps: nowCapacityRps } = indexed.pool;
  const { addedRps, edges, isOpen } = load ?? UNMOVED;
  const changed = change.capacityRps.get(service);
  const capacityRps = changed === undefined ? nowCapacityRps : changed;
  const thenRps = Math.max(0, loadRps + addedRps);
  const { geo, int } = change.levels.get(service) ?? live;
  const gates = forecastGates(indexed, { loadRps: thenRps, capacityRps, geo, int, edges, isOpen });
  return { service, nowRps: loadRps, thenRps, capacityRps, gates };
}

const UNMOVED: LoadForecast = { addedRps: 0, isOpen: false, edges: [] };

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
