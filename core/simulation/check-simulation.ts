import { spectralRadii } from '../gates/spectral-radius.ts';
import { edgeKey, type MeshConfig } from '../mesh/mesh-config.ts';
import type { Problem } from '../problem.ts';
import type { CallLoad } from './call-load.ts';
import type { MessageBehaviour } from './message-behaviour.ts';
import { RETRIES_MAX, type RetryPolicy, type ServiceBehaviour } from './service-behaviour.ts';

/** Servers of one endpoint. */
const SERVERS_MAX = 100_000;
const ENDPOINTS_MAX = 10_000;
/** Calls that one call may cause on one other service. */
const FAN_OUT_MAX = 1000;

const RATE_MAX_RPS = 1e6;
const NODES_MAX = 1000;

interface Range {
  readonly min: number;
  readonly max: number;
  readonly whole?: boolean;
}

const RATIO: Range = { min: 0, max: 1 };
const NOT_NEGATIVE: Range = { min: 0, max: 1e9 };

export interface SimulationInput {
  readonly config: MeshConfig;
  readonly services: Readonly<Record<string, ServiceBehaviour>>;
  readonly loads: readonly CallLoad[];
  readonly messages: MessageBehaviour;
  readonly nodes: number;
  readonly nodeSkew: number;
}

/** Everything that is wrong with what a simulation was given, each with its path. */
export function checkSimulation({ config, services, loads, messages, nodes, nodeSkew }: SimulationInput): Problem[] {
  const missing = [...config.services.keys()]
    .filter((name) => services[name] === undefined)
    .map((name): Problem => ({ path: `services.${name}`, message: 'how it behaves is missing' }));
  return [
    ...missing,
    ...Object.entries(services).flatMap(([name, behaviour]) => checkService(config, name, behaviour)),
    ...loads.flatMap((load, i) => checkLoad(config, load, `loads[${i}]`)),
    ...checkCircles(services),
    ...checkMessages(messages),
    ...inRange('nodes', nodes, { min: 0, max: NODES_MAX, whole: true }),
    ...inRange('nodeSkew', nodeSkew, { min: 0.01, max: 100 }),
  ];
}

function checkService(config: MeshConfig, name: string, behaviour: ServiceBehaviour): Problem[] {
  const path = `services.${name}`;
  const { endpoints = 1, servers, workMs, slowdown, errorRatio = 0, queueMax = 0, calls = {}, retry } = behaviour;
  return [
    ...(config.services.has(name) ? [] : [{ path, message: 'no such service in the mesh' }]),
    ...inRange(`${path}.endpoints`, endpoints, { min: 1, max: ENDPOINTS_MAX, whole: true }),
    ...inRange(`${path}.servers`, servers, { min: 1, max: SERVERS_MAX, whole: true }),
    ...inRange(`${path}.workMs`, workMs, NOT_NEGATIVE),
    ...inRange(`${path}.slowdown.contention`, slowdown?.contention ?? 0, NOT_NEGATIVE),
    ...inRange(`${path}.slowdown.coherency`, slowdown?.coherency ?? 0, NOT_NEGATIVE),
    ...inRange(`${path}.errorRatio`, errorRatio, RATIO),
    ...inRange(`${path}.queueMax`, queueMax, { min: 0, max: 1e6, whole: true }),
    ...Object.entries(calls).flatMap(([callee, mean]) => [
      ...inRange(`${path}.calls.${callee}`, mean, { min: 0, max: FAN_OUT_MAX }),
      ...(config.services.has(callee) ? [] : [{ path: `${path}.calls.${callee}`, message: 'no such service' }]),
    ]),
    ...checkRetry(retry, `${path}.retry`),
  ];
}

/** Calls that services make for calls come to an end: the spectral radius of their mean numbers is below 1 (MATHS §B3). */
export function checkCircles(services: Readonly<Record<string, ServiceBehaviour>>): Problem[] {
  const names = Object.keys(services);
  const rows = Object.values(services).map(
    ({ calls = {} }) =>
      new Map(Object.entries(calls).flatMap(([callee, mean]) => (mean > 0 ? [[names.indexOf(callee), mean]] : []))),
  );
  if (rows.some((row) => row.has(-1))) return [];
  return spectralRadii(rows).flatMap((radius, i) =>
    radius < 1 ? [] : [{ path: `services.${names[i]}.calls`, message: 'goes in a circle without end' }],
  );
}

function checkLoad(
  config: MeshConfig,
  { workload, service, rateRps, work = 1, retry }: CallLoad,
  path: string,
): Problem[] {
  return [
    ...(config.budgets.has(edgeKey(workload, service))
      ? []
      : [{ path, message: `the mesh has no budget of ${workload} for ${service}` }]),
    ...(typeof rateRps === 'number' ? inRange(`${path}.rateRps`, rateRps, { min: 0, max: RATE_MAX_RPS }) : []),
    ...(typeof work === 'number' ? inRange(`${path}.work`, work, NOT_NEGATIVE) : []),
    ...checkRetry(retry, `${path}.retry`),
  ];
}

function checkRetry(retry: RetryPolicy | undefined, path: string): Problem[] {
  if (retry === undefined) return [];
  return [
    ...inRange(`${path}.max`, retry.max, { min: 0, max: RETRIES_MAX, whole: true }),
    ...inRange(`${path}.backoffMs`, retry.backoffMs, NOT_NEGATIVE),
    ...inRange(`${path}.timeoutMs`, retry.timeoutMs ?? 1, { min: 1, max: 1e9 }),
  ];
}

/** What is wrong with how messages travel. */
export const checkMessages = (messages: MessageBehaviour): Problem[] => [
  ...inRange('messages.frameDelayMs', messages.frameDelayMs, NOT_NEGATIVE),
  ...inRange('messages.frameLossRatio', messages.frameLossRatio, RATIO),
  ...inRange('messages.leaseDelayMs', messages.leaseDelayMs, NOT_NEGATIVE),
  ...inRange('messages.leaseLossRatio', messages.leaseLossRatio, RATIO),
  ...inRange('messages.planDelayMs', messages.planDelayMs, NOT_NEGATIVE),
];

function inRange(path: string, value: number, { min, max, whole = false }: Range): Problem[] {
  if (value >= min && value <= max && !(whole && !Number.isInteger(value))) return [];
  return [{ path, message: `must be ${whole ? 'a whole number' : 'a number'} from ${min} to ${max}, not ${value}` }];
}
