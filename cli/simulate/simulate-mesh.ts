import { GATES, type GateName, type GateState } from '../../core/gates/gate-state.ts';
import { MeshSimulation } from '../../core/simulation/mesh-simulation.ts';
import type { GateChange } from '../../core/simulation/mesh-watch.ts';
import { seededRandom } from '../../core/simulation/seeded-random.ts';
import type { SimulationReport } from '../../core/simulation/simulation-report.ts';
import type { TimedAction } from '../../core/simulation/timed-action.ts';
import type { SimulationInput } from './read-simulation.ts';

export interface SimulatedMesh {
  readonly report: SimulationReport;
  readonly changes: readonly GateChange[];
  readonly actions: readonly TimedAction[];
  /** By service: one letter for each part of the time, see `STRIP_KEY`. */
  readonly timeline: ReadonlyMap<string, string>;
}

/** In which nodes get their first leases; seconds are told from its end on. */
const NODES_START_SEC = 5;
const STRIP_LENGTH = 40;
const LETTERS: Readonly<Record<GateName, string>> = { fit: 'f', gluing: 'g', uv: 'u', isolation: 'i' };
export const STRIP_KEY = '· all gates pass  ? not known  f fit, g gluing, u UV, i isolation failed  # several failed';

/** Runs a mesh through its time. */
export function simulate({ config, scenario, seconds, seed, enforced }: SimulationInput): SimulatedMesh {
  const strips = new Map<string, string[]>();
  const partSec = seconds / Math.min(seconds, STRIP_LENGTH);
  const simulation = new MeshSimulation({
    config,
    services: scenario.services,
    random: seededRandom(seed),
    nodes: scenario.nodes,
    enforced,
    observe: ({ sec, services }) => {
      const part = Math.floor((sec - NODES_START_SEC - 1) / partSec);
      if (part < 0) return;
      for (const { service, gates } of services) {
        const strip = strips.get(service) ?? [];
        strip[part] = worse(strip[part], letterOf(gates));
        strips.set(service, strip);
      }
    },
  });
  simulation.run(NODES_START_SEC);
  for (const { workload, service, rps } of scenario.load) simulation.offer(workload, service, rps);
  simulation.restartWatch();
  simulation.run(seconds);
  const sinceStart = <T extends { readonly atSec: number }>(all: readonly T[]): T[] =>
    all.flatMap((one) => (one.atSec < NODES_START_SEC ? [] : [{ ...one, atSec: one.atSec - NODES_START_SEC }]));
  return {
    report: simulation.report(),
    changes: sinceStart(simulation.watch.changes),
    actions: sinceStart(simulation.actions),
    timeline: new Map([...strips].map(([service, strip]) => [service, strip.join('')])),
  };
}

function letterOf(gates: GateState): string {
  const failing = GATES.filter((gate) => gates[gate].status === 'FAIL');
  const [first] = failing;
  if (first !== undefined) return failing.length > 1 ? '#' : LETTERS[first];
  return GATES.some((gate) => gates[gate].status === 'UNKNOWN') ? '?' : '·';
}

/** A failure of a moment shows in its part of the time; two different ones are several. */
function worse(before: string | undefined, now: string): string {
  if (before === undefined || before === now || before === '·') return now;
  if (now === '·') return before;
  if (before === '?' || now === '?') return before === '?' ? now : before;
  return '#';
}
