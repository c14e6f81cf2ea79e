import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import type { InTime } from '../../core/simulation/call-sources.ts';
import { MeshSimulation } from '../../core/simulation/mesh-simulation.ts';
import { seededRandom } from '../../core/simulation/seeded-random.ts';
import type { ServiceBehaviour } from '../../core/simulation/service-behaviour.ts';
import { adoptedMesh } from '../support/adopted-mesh.ts';

/** A mesh in everyday use: what it is, and who offers how many calls per second to whom. */
export interface EverydayMesh {
  readonly name: string;
  readonly config: MeshConfig;
  readonly services: Readonly<Record<string, ServiceBehaviour>>;
  readonly nodes: number;
  readonly offered: readonly (readonly [workload: string, service: string, rps: InTime])[];
  /** Services with calls enough for every gate to come to a verdict. */
  readonly judged: readonly string[];
}

/** 4 endpoints with 2 workers of 20 ms each: 400 calls per second. */
export const POOL = { payment: { endpoints: 4, servers: 2, workMs: 20, errorRatio: 0.001 } };

/** Three tenants share a service of which only the rate is declared, each at about half of its budget. */
export const SHARED: EverydayMesh = {
  name: 'a service with a declared rate and three tenants on two nodes, at 46 %',
  config: adoptedMesh({
    services: { payment: { rps: 400 } },
    workloads: { shop: {}, reports: {}, mail: {} },
    budgets: { shop: { payment: { int: 0.5 } }, reports: { payment: { int: 0.25 } }, mail: { payment: { int: 0.25 } } },
  }),
  services: POOL,
  nodes: 2,
  offered: [
    ['shop', 'payment', 100],
    ['reports', 'payment', 45],
    ['mail', 'payment', 40],
  ],
  judged: ['payment'],
};

/** Nothing is declared: no limit is set by hand. */
export const CHAIN: EverydayMesh = {
  name: 'a service that calls another, both slow and without any capacity declared, on two nodes',
  config: adoptedMesh({
    services: { checkout: {}, payment: {} },
    workloads: { web: {}, batch: {}, checkout: {} },
    budgets: { web: { checkout: {} }, batch: { payment: {} }, checkout: { payment: {} } },
  }),
  services: {
    checkout: { servers: 4, workMs: 80, errorRatio: 0.002, calls: { payment: 1.2 } },
    payment: { servers: 4, workMs: 70, errorRatio: 0.001 },
  },
  nodes: 2,
  offered: [
    ['web', 'checkout', 25],
    ['batch', 'payment', 10],
  ],
  judged: [],
};

/** The same service with nothing declared, so that no rate is limited. */
export const UNDECLARED: EverydayMesh = {
  ...SHARED,
  name: 'a service without any capacity declared and three tenants, at 75 %',
  config: adoptedMesh({
    services: { payment: {} },
    workloads: { shop: {}, reports: {}, mail: {} },
    budgets: { shop: { payment: {} }, reports: { payment: {} }, mail: { payment: {} } },
  }),
  offered: [
    ['shop', 'payment', 150],
    ['reports', 'payment', 80],
    ['mail', 'payment', 70],
  ],
};

/** Rate and concurrency are declared with room to spare; classes and weights differ. */
export const DECLARED: EverydayMesh = {
  name: 'a service with declared rate and concurrency and two classes on one node, at 60 %',
  config: adoptedMesh({
    services: { payment: { rps: 400, concurrency: 120 } },
    workloads: { checkout: { tenant: 'shop', prio: 7, weight: 2 }, batch: { tenant: 'reports', prio: 2 } },
    budgets: { checkout: { payment: { int: 0.8, ptr: 0.6 } }, batch: { payment: { int: 0.5, ptr: 0.4 } } },
  }),
  services: POOL,
  nodes: 1,
  offered: [
    ['checkout', 'payment', 160],
    ['batch', 'payment', 80],
  ],
  judged: ['payment'],
};

/** So few calls that every window has to be long. */
export const SPARSE: EverydayMesh = {
  name: 'a slow service with few calls on three nodes',
  config: adoptedMesh({
    services: { reports: { rps: 40 } },
    workloads: { web: {}, nightly: {} },
    budgets: { web: { reports: { int: 0.7 } }, nightly: { reports: { int: 0.3 } } },
  }),
  services: { reports: { servers: 6, workMs: 150, errorRatio: 0.002 } },
  nodes: 3,
  offered: [
    ['web', 'reports', 6],
    ['nightly', 'reports', 2],
  ],
  judged: [],
};

/** In which every node gets its first lease and its share. */
const NODES_START_SEC = 5;

/** A mesh whose nodes have started, with its everyday traffic from then on. */
export function startMesh({ config, services, nodes, offered }: EverydayMesh, seed: number): MeshSimulation {
  const mesh = new MeshSimulation({ config, services, nodes, random: seededRandom(seed) });
  mesh.run(NODES_START_SEC);
  for (const [workload, service, rps] of offered) mesh.offer(workload, service, rps);
  return mesh;
}

/** Begins, confirmations and ends of actions, as `kind target phase cause`. */
export const transcript = (mesh: MeshSimulation): string[] =>
  mesh.actions
    .filter(({ phase }) => phase !== 'changed')
    .map(({ kind, target, phase, endCause }) => [kind, target, phase, endCause].join(' ').trim());

/** Those of them that can turn calls away. */
export const refusingActions = (mesh: MeshSimulation): string[] =>
  transcript(mesh).filter((line) => !/^(freeze-learning|advise-batching|hold-rollout|shorten-leases) /.test(line));
