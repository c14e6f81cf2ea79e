/**
 * Speed of the mesh simulation: ten minutes of a mesh of 50 services in layers,
 * each calling one of the next layer, on two nodes with Capmesh enforced.
 *
 * `--services 50 --layers 5 --rps 50 --seconds 600 --nodes 2`; the last line is JSON.
 * `attemptsPerCpuSec` are calls through a sidecar, a breaker and a queue, each second of
 * one processor, kernel ticks included.
 */
import { parseArgs } from 'node:util';
import { checkMesh } from '../core/mesh/check-mesh.ts';
import type { MeshConfig } from '../core/mesh/mesh-config.ts';
import { problemTexts } from '../core/problem.ts';
import type { CallLoad } from '../core/simulation/call-load.ts';
import { MeshSimulation } from '../core/simulation/mesh-simulation.ts';
import { seededRandom } from '../core/simulation/seeded-random.ts';
import type { ServiceBehaviour } from '../core/simulation/service-behaviour.ts';

const { values } = parseArgs({
  options: {
    services: { type: 'string', default: '50' },
    layers: { type: 'string', default: '5' },
    rps: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '600' },
    nodes: { type: 'string', default: '2' },
  },
});
const serviceCount = Number(values.services);
const perLayer = Math.ceil(serviceCount / Number(values.layers));
const nameOf = (nth: number): string => `service-${nth}`;

/** A service of the first layer is called by a workload of its own; every service calls the one below it in the next layer. */
function layeredMesh(): MeshConfig {
  const names = Array.from({ length: serviceCount }, (_, nth) => nameOf(nth));
  const callers = names.slice(0, perLayer).map((service): [string, string] => [`caller-of-${service}`, service]);
  const calls = names.slice(perLayer).map((service, nth): [string, string] => [nameOf(nth), service]);
  const edges = [...callers, ...calls];
  const checked = checkMesh({
    mesh: 'layers',
    services: Object.fromEntries(names.map((name) => [name, { endpoints: ['127.0.0.1:9101'] }])),
    workloads: Object.fromEntries(edges.map(([workload]) => [workload, {}])),
    budgets: Object.fromEntries(edges.map(([workload, service]) => [workload, { [service]: {} }])),
  });
  if (!checked.ok) throw new Error(problemTexts(checked.problems).join('; '));
  return checked.value;
}

const config = layeredMesh();
const services = Object.fromEntries(
  [...config.services.keys()].map((name, nth): [string, ServiceBehaviour] => {
    const callee = nth + perLayer;
    return [name, { servers: 8, workMs: 20, ...(callee < serviceCount ? { calls: { [nameOf(callee)]: 1 } } : {}) }];
  }),
);
const loads = [...config.budgets.values()]
  .filter(({ workload }) => workload.startsWith('caller-of-'))
  .map(({ workload, service }): CallLoad => ({ workload, service, rateRps: Number(values.rps) }));

const simulation = new MeshSimulation({
  config,
  services,
  loads,
  random: seededRandom(1),
  nodes: Number(values.nodes),
});
const seconds = Number(values.seconds);
const startMs = performance.now();
const startCpu = process.cpuUsage();
simulation.run(seconds);
const wallSec = (performance.now() - startMs) / 1000;
const { user, system } = process.cpuUsage(startCpu);
const cpuSec = (user + system) / 1e6;
const report = simulation.report();
const attempts = report.services.reduce((sum, { offered, retries }) => sum + offered + retries, 0);
const round = (value: number): number => Number(value.toPrecision(3));

console.log(
  `${serviceCount} services, ${seconds} s: ${attempts} calls in ${round(wallSec)} s, ${round(cpuSec)} s of a processor`,
);
console.log(
  JSON.stringify({
    services: serviceCount,
    simulatedSec: seconds,
    attempts,
    wallSec: round(wallSec),
    cpuSec: round(cpuSec),
    attemptsPerCpuSec: Math.round(attempts / cpuSec),
    rssMiB: Math.round(process.memoryUsage().rss / 2 ** 20),
    goodputRps: round(report.goodputRps),
    allOpen: report.allOpen,
  }),
);
