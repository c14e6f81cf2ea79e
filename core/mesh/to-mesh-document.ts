import { AXES, type CapacityVector } from '../capacity/capacity-vector.ts';
import type {
  GateSettings,
  MeshConfig,
  PolicyConfig,
  ServiceCapacity,
  ServiceConfig,
  WorkloadConfig,
} from './mesh-config.ts';
import {
  DEFAULT_AUTHORIZER_DOWN,
  DEFAULT_EJECT_FAILING,
  DEFAULT_GATES,
  DEFAULT_POLICY,
  DEFAULT_PRIO,
  DEFAULT_TIMEOUT_MS,
  DEFAULT_WEIGHT,
} from './mesh-defaults.ts';
import type {
  BudgetDocument,
  CapacityDocument,
  GatesDocument,
  MeshDocument,
  PolicyDocument,
  ServiceDocument,
  WorkloadDocument,
} from './mesh-document.ts';

/**
 * The document that `checkMesh` turns into `config`, without what the defaults
 * say. Capacities come out for the whole service, budgets as fractions.
 */
export function meshDocument(config: MeshConfig): MeshDocument {
  // A map, not an object: a workload may be called "constructor".
  const budgets = new Map<string, [string, BudgetDocument][]>();
  for (const { workload, service, vector } of config.budgets.values()) {
    const lines = budgets.get(workload) ?? [];
    lines.push([service, budgetDocument(vector)]);
    budgets.set(workload, lines);
  }
  const gates = gatesDocument(config.gates);
  const policy = policyDocument(config.policy);
  return {
    mesh: config.mesh,
    services: Object.fromEntries([...config.services].map(([name, service]) => [name, serviceDocument(service)])),
    workloads: Object.fromEntries([...config.workloads].map(([name, workload]) => [name, workloadDocument(workload)])),
    budgets: Object.fromEntries([...budgets].map(([workload, lines]) => [workload, Object.fromEntries(lines)])),
    ...(Object.keys(gates).length > 0 && { gates }),
    ...(Object.keys(policy).length > 0 && { policy }),
  };
}

/** A vector as a mesh file writes it: axes without a limit are left out (CONTRACT §C). */
export const budgetDocument = (vector: CapacityVector): BudgetDocument =>
  Object.fromEntries(AXES.flatMap((axis) => (vector[axis] === null ? [] : [[axis, vector[axis]]])));

function serviceDocument(service: ServiceConfig): ServiceDocument {
  const capacity = capacityDocument(service.capacity);
  return {
    endpoints: service.endpoints,
    ...(Object.keys(capacity).length > 0 && { capacity }),
    ...(service.anonymous !== null && { anonymous: service.anonymous }),
    ...(service.authorizerDown !== DEFAULT_AUTHORIZER_DOWN && { authorizerDown: service.authorizerDown }),
    ...(service.timeoutMs !== DEFAULT_TIMEOUT_MS && { timeoutMs: service.timeoutMs }),
    ...(service.ejectFailing !== DEFAULT_EJECT_FAILING && { ejectFailing: service.ejectFailing }),
  };
}

const capacityDocument = (capacity: ServiceCapacity): CapacityDocument =>
  Object.fromEntries(Object.entries(capacity).filter(([, value]) => value !== null));

const workloadDocument = ({ name, tenant, prio, weight }: WorkloadConfig): WorkloadDocument => ({
  ...(tenant !== name && { tenant }),
  ...(prio !== DEFAULT_PRIO && { prio }),
  ...(weight !== DEFAULT_WEIGHT && { weight }),
});

const gatesDocument = (gates: GateSettings): GatesDocument =>
  Object.fromEntries(
    Object.entries(gates).filter(([name, value]) => value !== DEFAULT_GATES[name as keyof GateSettings]),
  );

const policyDocument = ({ maxShedRatio, shadow, fence }: PolicyConfig): PolicyDocument => ({
  ...(maxShedRatio !== DEFAULT_POLICY.maxShedRatio && { maxShedRatio }),
  ...(shadow.length > 0 && { shadow }),
  ...(fence !== DEFAULT_POLICY.fence && { fence }),
});
