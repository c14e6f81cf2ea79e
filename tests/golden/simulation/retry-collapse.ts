import { GATES, type GateStatus } from '../../../core/gates/gate-state.ts';
import type { MeshConfig } from '../../../core/mesh/mesh-config.ts';
import { DEFAULT_POLICY } from '../../../core/mesh/mesh-defaults.ts';
import type { CallLoad } from '../../../core/simulation/call-load.ts';
import { MeshSimulation } from '../../../core/simulation/mesh-simulation.ts';
import type { ServiceSecond } from '../../../core/simulation/second-meter.ts';
import { seededRandom } from '../../../core/simulation/seeded-random.ts';
import { adoptedMesh } from '../../support/adopted-mesh.ts';

/** Nothing was chosen or tuned by what happens under this seed. */
const SEED = 101;
/** Of the trigger, in seconds of the story. */
export const BEGIN_SEC = 60;
export const END_SEC = 70;
export const STORY_SEC = 190;
const ROW_SEC = 5;
/** In which nodes get their first leases. */
const NODES_START_SEC = 5;

/** No capacity is declared: no limit is set by hand. */
const CONFIG: MeshConfig = {
  ...adoptedMesh({
    services: { payment: {} },
    workloads: { checkout: { prio: 7 }, batch: { prio: 2 } },
    budgets: { checkout: { payment: {} }, batch: { payment: {} } },
  }),
  policy: DEFAULT_POLICY,
};

/** 400 calls per second without a queue, 2 % less for each call that every server has waiting. */
const ENDPOINTS = [0, 1, 2, 3];
const PAYMENT = { endpoints: ENDPOINTS.length, servers: 2, workMs: 20, slowdown: { contention: 0.02 } };
const RETRY = { max: 3, backoffMs: 100 };
/** 70 % of what payment can do. */
const OFFERED: readonly CallLoad[] = [
  { workload: 'checkout', service: 'payment', rateRps: 200, retry: RETRY },
  { workload: 'batch', service: 'payment', rateRps: 80, retry: RETRY },
];

export interface Trigger {
  readonly name: string;
  readonly begin: (mesh: MeshSimulation) => void;
  readonly end: (mesh: MeshSimulation) => void;
}

const offerFromBatch = (mesh: MeshSimulation, rateRps: number): void =>
  mesh.offer('batch', 'payment', rateRps, 1, RETRY);

/** Nobody answers: calls run into their time-outs. */
export const OUTAGE: Trigger = {
  name: 'outage',
  begin: (mesh) => {
    for (const endpoint of ENDPOINTS) mesh.pool('payment').stopEndpoint(endpoint);
  },
  end: (mesh) => {
    for (const endpoint of ENDPOINTS) mesh.pool('payment').startEndpoint(endpoint, mesh.sec);
  },
};

/** One caller offers ten times as much. */
export const SURGE: Trigger = {
  name: 'surge',
  begin: (mesh) => offerFromBatch(mesh, 800),
  end: (mesh) => offerFromBatch(mesh, 80),
};

export const NO_TRIGGER: Trigger = { name: 'nothing', begin: () => undefined, end: () => undefined };

/** Second by second, what happened to payment. */
export function tellStory(trigger: Trigger, enforced: boolean): readonly ServiceSecond[] {
  const seconds: ServiceSecond[] = [];
  const mesh = new MeshSimulation({
    config: CONFIG,
    services: { payment: PAYMENT },
    random: seededRandom(SEED),
    enforced,
    observe: ({ services }) => seconds.push(...services),
  });
  mesh.run(NODES_START_SEC);
  for (const { workload, service, rateRps, work, retry } of OFFERED)
    mesh.offer(workload, service, rateRps, work, retry);
  mesh.run(BEGIN_SEC - NODES_START_SEC);
  trigger.begin(mesh);
  mesh.run(END_SEC - BEGIN_SEC);
  trigger.end(mesh);
  mesh.run(STORY_SEC - END_SEC);
  return seconds;
}

/** Means per second over some seconds of a story. */
export function meansOf(seconds: readonly ServiceSecond[], fromSec: number, toSec: number) {
  const part = seconds.slice(fromSec, toSec);
  const mean = (of: (second: ServiceSecond) => number): number =>
    part.reduce((sum, second) => sum + of(second), 0) / part.length;
  return {
    offered: mean(({ offered }) => offered),
    retries: mean(({ retries }) => retries),
    good: mean(({ good }) => good),
    refused: mean(({ refused }) => refused),
    timeouts: mean(({ timeouts }) => timeouts),
  };
}

const LETTERS: Readonly<Record<GateStatus, string>> = { PASS: 'P', FAIL: 'F', UNKNOWN: '?', NOT_APPLICABLE: '-' };

/** A line for every five seconds: means per second, and gates and limit at their end. */
export function transcriptOf(seconds: readonly ServiceSecond[]): string[] {
  const lines = ['   until  offered  retries     good  refused  timeouts  gates  limit'];
  for (let sec = ROW_SEC; sec <= seconds.length; sec += ROW_SEC) {
    const { offered, retries, good, refused, timeouts } = meansOf(seconds, sec - ROW_SEC, sec);
    const last = seconds[sec - 1];
    if (last === undefined) break;
    const gates = GATES.map((gate) => LETTERS[last.gates[gate].status]).join('');
    const counts = [offered, retries, good, refused].map((count) => count.toFixed(0).padStart(7)).join('  ');
    const limit = `${Math.round(last.concurrencyLimit)}`.padStart(5);
    const during = sec > BEGIN_SEC && sec <= END_SEC ? '  <' : '';
    lines.push(
      `${`${sec} s`.padStart(8)}  ${counts}  ${timeouts.toFixed(0).padStart(8)}  ${gates.padStart(5)}  ${limit} ${last.controllerMode}${during}`,
    );
  }
  return lines;
}
