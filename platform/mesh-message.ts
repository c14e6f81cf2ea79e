import type { CapacityVector } from '../core/capacity/capacity-vector.ts';
import {
  type BudgetConfig,
  type EdgeKey,
  edgeKey,
  type MeshConfig,
  type ServiceCapacity,
  type ServiceConfig,
  type WorkloadConfig,
} from '../core/mesh/mesh-config.ts';
import type {
  BudgetDocument,
  CapacityDocument,
  ServiceDocument,
  WorkloadDocument,
} from '../core/mesh/mesh-document.ts';
import { budgetDocument, meshDocument } from '../core/mesh/to-mesh-document.ts';
import type { Checked, Problem } from '../core/problem.ts';
import type { CapacityVector as VectorMessage } from '../proto/gen/capmesh/v1/capacity.ts';
import type {
  Budget as BudgetMessage,
  ServiceCapacity as CapacityMessage,
  Mesh as MeshMessage,
  Service as ServiceMessage,
  Workload as WorkloadMessage,
} from '../proto/gen/capmesh/v1/mesh.ts';
import { checkMeshDocument } from './check-mesh-document.ts';
import { endpointsFromMessage, endpointsToMessage, strayPlaces } from './endpoint-message.ts';

/** Revision of a stored object by its path (`services.payment`); 0 = not known. */
export type RevisionOf = (path: string) => number;

const noRevision: RevisionOf = () => 0;

/** An absent component is null: no limit on that axis. */
export const vectorFromMessage = (message: VectorMessage | undefined): CapacityVector => ({
  geo: message?.cGeo ?? null,
  int: message?.cInt ?? null,
  gauge: message?.cGauge ?? null,
  ptr: message?.cPtr ?? null,
  obs: message?.cObs ?? null,
});

export const vectorToMessage = (vector: CapacityVector): VectorMessage => ({
  cGeo: vector.geo ?? undefined,
  cInt: vector.int ?? undefined,
  cGauge: vector.gauge ?? undefined,
  cPtr: vector.ptr ?? undefined,
  cObs: vector.obs ?? undefined,
});

/** A mesh under the same checks as a mesh file; problems carry the paths of the file. */
export function meshFromMessage(message: MeshMessage): Checked<MeshConfig> {
  const wrong: Problem[] = message.services.flatMap(strayPlaces);
  const budgets: Record<string, Record<string, BudgetDocument>> = Object.create(null);
  const capacities = new Map(message.services.map((service) => [service.name, declaredCapacity(service)]));
  for (const budget of message.budgets) {
    const lines: Record<string, BudgetDocument> = budgets[budget.workload] ?? Object.create(null);
    budgets[budget.workload] = lines;
    if (budget.service in lines) wrong.push(repetition(budgetPath(budget.workload, budget.service)));
    lines[budget.service] = budgetToDocument(budget, capacities.get(budget.service));
  }
  const checked = checkMeshDocument({
    mesh: message.name,
    services: byName('services', message.services, serviceToDocument, wrong),
    workloads: byName('workloads', message.workloads, workloadToDocument, wrong),
    budgets: { ...budgets },
    gates: present({ ...message.gates }),
    policy: present({ ...message.policy }),
  });
  if (wrong.length === 0) return checked;
  return { ok: false, problems: [...wrong, ...(checked.ok ? [] : checked.problems)] };
}

/** The whole mesh, with `rps` and `parallel` of every budget whose capacity is declared. */
export function meshToMessage(config: MeshConfig, revisionOf: RevisionOf = noRevision): MeshMessage {
  return {
    name: config.mesh,
    services: [...config.services.values()].map((service) => serviceToMessage(service, revisionOf)),
    workloads: [...config.workloads.values()].map((workload) => workloadToMessage(workload, revisionOf)),
    budgets: [...config.budgets.values()].map((budget) => budgetToMessage(budget, config, revisionOf)),
    gates: { ...config.gates, uvLambdaMaxHz: config.gates.uvLambdaMaxHz ?? undefined },
    policy: { ...config.policy, shadow: [...config.policy.shadow] },
  };
}

/**
 * One budget line put into a checked mesh: the whole mesh as it would become, and
 * the line in it. With `merge` axes that the message leaves out keep their value.
 */
export function setBudgetFromMessage(
  config: MeshConfig,
  message: BudgetMessage,
  merge: boolean,
): Checked<{ readonly config: MeshConfig; readonly budget: BudgetConfig }> {
  const key: EdgeKey = edgeKey(message.workload, message.service);
  const before = config.budgets.get(key);
  const asked = budgetToDocument(message, config.services.get(message.service)?.capacity);
  const line = merge && before ? { ...keptAxes(budgetDocument(before.vector), asked), ...asked } : asked;
  const document = meshDocument(config);
  const checked = checkMeshDocument({
    ...document,
    budgets: {
      ...document.budgets,
      [message.workload]: { ...document.budgets?.[message.workload], [message.service]: line },
    },
  });
  if (!checked.ok) return checked;
  const budget = checked.value.budgets.get(key);
  if (!budget) throw new Error(`checked mesh lacks its budget ${key}`);
  const path = budgetPath(message.workload, message.service);
  const warnings = checked.warnings.filter(
    (warning) => warning.path.startsWith(path) || warning.path === `services.${message.service}`,
  );
  return { ok: true, value: { config: checked.value, budget }, warnings };
}

/** An absolute form replaces the fraction that it stands for. */
function keptAxes(before: BudgetDocument, asked: BudgetDocument): BudgetDocument {
  const { int, ptr, ...levels } = before;
  return {
    ...levels,
    ...(asked.rps === undefined && int !== undefined && { int }),
    ...(asked.parallel === undefined && ptr !== undefined && { ptr }),
  };
}

export function serviceToMessage(service: ServiceConfig, revisionOf: RevisionOf = noRevision): ServiceMessage {
  return {
    name: service.name,
    ...endpointsToMessage(service.endpoints),
    capacity: capacityToMessage(service.capacity),
    capacityPerEndpoint: undefined,
    anonymous: service.anonymous ?? '',
    authorizerDown: service.authorizerDown,
    timeoutMs: service.timeoutMs,
    ejectFailing: service.ejectFailing,
    revision: revisionOf(`services.${service.name}`),
  };
}

export const workloadToMessage = (workload: WorkloadConfig, revisionOf: RevisionOf = noRevision): WorkloadMessage => ({
  ...workload,
  revision: revisionOf(`workloads.${workload.name}`),
});

export function budgetToMessage(
  budget: BudgetConfig,
  config: MeshConfig,
  revisionOf: RevisionOf = noRevision,
): BudgetMessage {
  const capacity = config.services.get(budget.service)?.capacity;
  return {
    workload: budget.workload,
    service: budget.service,
    vector: vectorToMessage(budget.vector),
    rps: product(budget.vector.int, capacity?.rps),
    parallel: product(budget.vector.ptr, capacity?.concurrency),
    revision: revisionOf(budgetPath(budget.workload, budget.service)),
  };
}

const product = (fraction: number | null, capacity: number | null | undefined): number | undefined =>
  fraction === null || capacity === null || capacity === undefined ? undefined : fraction * capacity;

const budgetPath = (workload: string, service: string): string => `budgets.${workload}.${service}`;

const repetition = (path: string): Problem => ({ path, message: 'is given twice' });

function byName<M extends { readonly name: string }, D>(
  list: string,
  messages: readonly M[],
  toDocument: (message: M) => D,
  repeated: Problem[],
): Record<string, D> {
  const entries = new Map<string, D>();
  for (const message of messages) {
    if (entries.has(message.name)) repeated.push(repetition(`${list}.${message.name}`));
    entries.set(message.name, toDocument(message));
  }
  return Object.fromEntries(entries);
}

const serviceToDocument = (message: ServiceMessage): ServiceDocument =>
  present({
    endpoints: endpointsFromMessage(message),
    capacity: message.capacity && capacityToDocument(message.capacity),
    capacityPerEndpoint: message.capacityPerEndpoint && capacityToDocument(message.capacityPerEndpoint),
    anonymous: message.anonymous || undefined,
    authorizerDown: (message.authorizerDown || undefined) as ServiceDocument['authorizerDown'],
    timeoutMs: message.timeoutMs || undefined,
    ejectFailing: message.ejectFailing || undefined,
  });

const capacityToDocument = ({ memoryMib, ...rest }: CapacityMessage): CapacityDocument =>
  present({ ...rest, memoryMiB: memoryMib });

const capacityToMessage = (capacity: ServiceCapacity): CapacityMessage => ({
  rps: capacity.rps ?? undefined,
  concurrency: capacity.concurrency ?? undefined,
  cpuMsPerSec: capacity.cpuMsPerSec ?? undefined,
  memoryMib: capacity.memoryMiB ?? undefined,
});

const workloadToDocument = (message: WorkloadMessage): WorkloadDocument =>
  present({ tenant: message.tenant || undefined, prio: message.prio, weight: message.weight });

/**
 * Answers echo a fraction together with its absolute form. Sent back as it came,
 * the echo is dropped; an absolute form that says something else stays, and is
 * refused beside the fraction.
 */
function budgetToDocument(message: BudgetMessage, capacity: CapacityOf | undefined): BudgetDocument {
  const { rps, parallel } = message;
  const { cInt, cPtr } = message.vector ?? {};
  const line = budgetDocument(vectorFromMessage(message.vector));
  return present({
    ...line,
    rps: isEcho(cInt, capacity?.rps, rps) ? undefined : rps,
    parallel: isEcho(cPtr, capacity?.concurrency, parallel) ? undefined : parallel,
  });
}

type CapacityOf = Pick<ServiceCapacity, 'rps' | 'concurrency'>;

const isEcho = (
  fraction: number | undefined,
  capacity: number | null | undefined,
  absolute: number | undefined,
): boolean =>
  fraction !== undefined &&
  typeof capacity === 'number' &&
  absolute !== undefined &&
  Math.abs(absolute - fraction * capacity) <= 1e-9 * capacity;

function declaredCapacity(message: ServiceMessage): CapacityOf {
  const { capacity, capacityPerEndpoint: each, endpoints } = message;
  const times = (value: number | undefined): number | null => (value === undefined ? null : value * endpoints.length);
  return {
    rps: capacity?.rps ?? times(each?.rps),
    concurrency: capacity?.concurrency ?? times(each?.concurrency),
  };
}

/** Without the fields that are undefined. */
const present = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
