import { edgesByService } from '../allocators/plan-capacity.ts';
import { guaranteedShares } from '../capacity/rate-limits.ts';
import { type EdgeKey, edgeKey, type MeshConfig, type ServiceConfig } from '../mesh/mesh-config.ts';
import type { Problem } from '../problem.ts';
import { checkCircles } from '../simulation/check-simulation.ts';
import type { ServiceBehaviour } from '../simulation/service-behaviour.ts';

/** What a mesh file does not say: who offers how much, and how the services behave. */
export interface SweepScenario {
  /** Envoys in front of the services. */
  readonly nodes: number;
  /** Calls from outside. */
  readonly load: readonly OfferedLoad[];
  readonly services: Readonly<Record<string, ServiceBehaviour>>;
}

export interface OfferedLoad {
  readonly workload: string;
  readonly service: string;
  /** Calls per second. */
  readonly rps: number;
}

/** What was said about a scenario, each part with where it was said; what is said later rules. */
export interface ScenarioInput {
  readonly nodes: number;
  readonly load: readonly (OfferedLoad & { readonly path: string })[];
  readonly services: readonly ToldBehaviour[];
}

export interface ToldBehaviour {
  readonly path: string;
  readonly service: string;
  readonly behaviour: Partial<ServiceBehaviour>;
}

/** Where nothing is said, callers offer this share of what they are guaranteed. */
export const LOAD_SHARE = 0.7;
/** Where only the rate of a service is declared, its calls take so long. */
export const WORK_MS_DEFAULT = 20;

/**
 * Fills in what was not said: a caller from outside offers `LOAD_SHARE` of the
 * guarantee that the mesh file gives it; a service works on as many calls at once
 * as it declares, each for N ÷ K s (Little's law); a service that has budgets makes
 * one call on each for every call that it handles. Mistakes are added to `problems`.
 */
export function sweepScenario(config: MeshConfig, input: ScenarioInput, problems: Problem[]): SweepScenario {
  const services = Object.fromEntries(
    [...config.services.values()].flatMap((service) => {
      const behaviour = behaviourOf(config, service, input, problems);
      return behaviour === null ? [] : [[service.name, behaviour]];
    }),
  );
  for (const { path, service } of input.services) {
    if (!config.services.has(service)) problems.push({ path, message: `service "${service}" is not declared` });
  }
  checkLoad(config, input, problems);
  problems.push(...checkCircles(services));
  return { nodes: input.nodes, load: offeredLoad(config, input, problems), services };
}

function behaviourOf(
  config: MeshConfig,
  service: ServiceConfig,
  { services }: ScenarioInput,
  problems: Problem[],
): ServiceBehaviour | null {
  const said = services.filter((one) => one.service === service.name);
  const told: Partial<ServiceBehaviour> = Object.assign({}, ...said.map(({ behaviour }) => behaviour));
  for (const callee of Object.keys(told.calls ?? {})) {
    if (config.budgets.has(edgeKey(service.name, callee))) continue;
    problems.push({
      path: `services.${service.name}.calls.${callee}`,
      message: `${service.name} has no budget for ${callee} in the mesh file`,
    });
  }
  const { servers, workMs } = { ...declaredWork(service), ...told };
  if (servers === undefined || workMs === undefined) {
    problems.push({
      path: `--service ${service.name}`,
      message: `say how it works, for example ${service.name}=8x20ms: the mesh file declares no rate to tell it from`,
    });
    return null;
  }
  return { ...told, servers, workMs, calls: told.calls ?? callsOf(config, service.name) };
}

/** N servers that take N ÷ K s for a call; with K alone as many as its calls keep busy. */
function declaredWork({ capacity }: ServiceConfig): Partial<Pick<ServiceBehaviour, 'servers' | 'workMs'>> {
  const { rps, concurrency } = capacity;
  if (rps === null) return {};
  const servers = Math.max(1, Math.round(concurrency ?? (rps * WORK_MS_DEFAULT) / 1000));
  return { servers, workMs: (1000 * servers) / rps };
}

const callsOf = (config: MeshConfig, workload: string): Record<string, number> =>
  Object.fromEntries(
    [...config.budgets.values()].filter((line) => line.workload === workload).map(({ service }) => [service, 1]),
  );

function checkLoad(config: MeshConfig, { load }: ScenarioInput, problems: Problem[]): void {
  for (const { path, workload, service } of load) {
    if (!config.budgets.has(edgeKey(workload, service))) {
      problems.push({ path, message: `${workload} has no budget for ${service} in the mesh file` });
    } else if (config.services.has(workload)) {
      problems.push({ path, message: `${workload} is a service: it calls when it is called` });
    }
  }
}

/** What every caller from outside offers. */
function offeredLoad(config: MeshConfig, { load }: ScenarioInput, problems: Problem[]): OfferedLoad[] {
  const said = new Map<EdgeKey, number>(load.map(({ workload, service, rps }) => [edgeKey(workload, service), rps]));
  const guarantees = guaranteesOf(config);
  return [...config.budgets].flatMap(([key, { workload, service }]) => {
    if (config.services.has(workload)) return [];
    const guarantee = guarantees.get(key);
    const rps = said.get(key) ?? (guarantee === undefined ? undefined : LOAD_SHARE * guarantee);
    if (rps !== undefined) return [{ workload, service, rps }];
    problems.push({
      path: `--load ${key}`,
      message: `say how many calls a second, for example ${key}=120: ${service} declares no rate to take a share of`,
    });
    return [];
  });
}

/** guarantee_e of the edges of services that declare their rate (CONTRACT §D), calls per second. */
function guaranteesOf(config: MeshConfig): Map<EdgeKey, number> {
  return new Map(
    [...edgesByService({ config })].flatMap(([service, edges]) => {
      const capacityRps = config.services.get(service)?.capacity.rps ?? null;
      if (capacityRps === null) return [];
      const shares = guaranteedShares(
        capacityRps,
        edges.map(({ budget }) => budget.vector.int ?? 1),
        edges.map(({ workload }) => workload.weight),
      );
      return edges.map(({ key }, i): [EdgeKey, number] => [key, shares[i] ?? 0]);
    }),
  );
}
