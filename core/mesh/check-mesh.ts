import { GATES } from '../gates/gate-state.ts';
import type { Checked, Problem } from '../problem.ts';
import { checkBudget } from './check-budget.ts';
import { checkService } from './check-service.ts';
import {
  type BudgetConfig,
  type EdgeKey,
  edgeKey,
  type GateSettings,
  type MeshConfig,
  type PolicyConfig,
  type ServiceConfig,
  type WorkloadConfig,
} from './mesh-config.ts';
import { DEFAULT_GATES, DEFAULT_POLICY, DEFAULT_PRIO, DEFAULT_WEIGHT } from './mesh-defaults.ts';
import type { GatesDocument, MeshDocument, PolicyDocument } from './mesh-document.ts';
import { BUDGETS_MAX } from './mesh-schema.ts';
import { meshWarnings } from './mesh-warnings.ts';

/**
 * Fills in the defaults and checks what the schema cannot say: references exist,
 * endpoints are addresses, absolute numbers have a capacity to be a fraction of.
 * Every mistake is told, each with its path. Types, ranges and names of single
 * fields are the schema's (`MESH_SCHEMA`), which the document must conform to.
 */
export function checkMesh(document: MeshDocument): Checked<MeshConfig> {
  const problems: Problem[] = [];
  const workloads = readWorkloads(document);
  const services = new Map<string, ServiceConfig>(
    Object.entries(document.services ?? {}).map(([name, service]) => [
      name,
      checkService(name, service, workloads, problems),
    ]),
  );
  const budgets = checkBudgets(document, services, workloads, problems);
  if (problems.length > 0) return { ok: false, problems };
  const value: MeshConfig = {
    mesh: document.mesh,
    services,
    workloads,
    budgets,
    gates: readGates(document.gates ?? {}),
    policy: readPolicy(document.policy ?? {}),
  };
  return { ok: true, value, warnings: meshWarnings(value) };
}

function readWorkloads(document: MeshDocument): Map<string, WorkloadConfig> {
  return new Map(
    Object.entries(document.workloads ?? {}).map(([name, workload]) => [
      name,
      {
        name,
        tenant: workload.tenant ?? name,
        prio: workload.prio ?? DEFAULT_PRIO,
        weight: workload.weight ?? DEFAULT_WEIGHT,
      },
    ]),
  );
}

function checkBudgets(
  document: MeshDocument,
  services: ReadonlyMap<string, ServiceConfig>,
  workloads: ReadonlyMap<string, WorkloadConfig>,
  problems: Problem[],
): Map<EdgeKey, BudgetConfig> {
  const budgets = new Map<EdgeKey, BudgetConfig>();
  for (const [workload, lines] of Object.entries(document.budgets ?? {})) {
    if (!workloads.has(workload)) {
      problems.push({ path: `budgets.${workload}`, message: `workload "${workload}" is not declared` });
    }
    for (const [name, line] of Object.entries(lines)) {
      const service = services.get(name);
      if (!service) {
        problems.push({ path: `budgets.${workload}.${name}`, message: `service "${name}" is not declared` });
      }
      budgets.set(edgeKey(workload, name), checkBudget(workload, name, line, service, problems));
    }
  }
  if (budgets.size > BUDGETS_MAX) {
    problems.push({ path: 'budgets', message: `must have at most ${BUDGETS_MAX} lines (got ${budgets.size})` });
  }
  return budgets;
}

const readPolicy = (policy: PolicyDocument): PolicyConfig => ({
  maxShedRatio: policy.maxShedRatio ?? DEFAULT_POLICY.maxShedRatio,
  shadow: GATES.filter((gate) => policy.shadow?.includes(gate)),
  fence: policy.fence ?? DEFAULT_POLICY.fence,
});

const readGates = (gates: GatesDocument): GateSettings => ({
  fitThreshold: gates.fitThreshold ?? DEFAULT_GATES.fitThreshold,
  gluingK: gates.gluingK ?? DEFAULT_GATES.gluingK,
  uvLambda1Hz: gates.uvLambda1Hz ?? DEFAULT_GATES.uvLambda1Hz,
  uvLambdaMaxHz: gates.uvLambdaMaxHz ?? DEFAULT_GATES.uvLambdaMaxHz,
  isolationEps: gates.isolationEps ?? DEFAULT_GATES.isolationEps,
});
