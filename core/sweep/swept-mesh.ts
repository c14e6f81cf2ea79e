import { AXES, type CapacityVector } from '../capacity/capacity-vector.ts';
import type { BudgetConfig, EdgeKey, MeshConfig } from '../mesh/mesh-config.ts';
import type { Problem } from '../problem.ts';
import type { SweepAxis } from './sweep-axis.ts';
import type { SweepPoint } from './sweep-points.ts';

/** The mesh with the swept components of the chosen budget lines set to those of the point. */
export function sweptMesh(config: MeshConfig, edges: ReadonlySet<EdgeKey>, { values }: SweepPoint): MeshConfig {
  const vectorAt = (vector: CapacityVector): CapacityVector =>
    Object.fromEntries(AXES.map((axis) => [axis, values[axis] ?? vector[axis]])) as unknown as CapacityVector;
  const budgets = [...config.budgets].map(([key, line]): [EdgeKey, BudgetConfig] => [
    key,
    edges.has(key) ? { ...line, vector: vectorAt(line.vector) } : line,
  ]);
  return { ...config, budgets: new Map(budgets) };
}

export interface EdgeChoice {
  readonly workloads: readonly string[];
  /** `<workload>/<service>`. */
  readonly edges: readonly string[];
}

/** The budget lines that a sweep varies: those named, all of a named workload's, or all; mistakes are added to `problems`. */
export function chooseEdges(config: MeshConfig, choice: EdgeChoice, problems: Problem[]): ReadonlySet<EdgeKey> {
  const { workloads, edges } = choice;
  const lines = [...config.budgets.values()];
  for (const workload of workloads) {
    if (!lines.some((line) => line.workload === workload)) {
      problems.push({ path: `--workload ${workload}`, message: 'has no budget line in the mesh file' });
    }
  }
  for (const edge of edges) {
    if (!config.budgets.has(edge as EdgeKey)) {
      problems.push({ path: `--edge ${edge}`, message: 'is no budget line of the mesh file (workload/service)' });
    }
  }
  const isChosen = (key: EdgeKey, { workload }: BudgetConfig): boolean =>
    (workloads.length === 0 && edges.length === 0) || edges.includes(key) || workloads.includes(workload);
  return new Set([...config.budgets].flatMap(([key, line]) => (isChosen(key, line) ? [key] : [])));
}

/** Axes that limit nothing on some of the chosen lines, since their service declares no capacity to take a fraction of. */
export function idleAxes(config: MeshConfig, edges: ReadonlySet<EdgeKey>, axes: readonly SweepAxis[]): Problem[] {
  const needs = [
    ['int', 'rps'],
    ['ptr', 'concurrency'],
  ] as const;
  return needs.flatMap(([axis, capacity]) => {
    if (!axes.some(({ name }) => name === axis)) return [];
    const services = [...edges].flatMap((key) => {
      const name = config.budgets.get(key)?.service ?? '';
      return config.services.get(name)?.capacity[capacity] === null ? [name] : [];
    });
    return [...new Set(services)].map((service) => ({
      path: `services.${service}.capacity.${capacity}`,
      message: `is not declared, so ${axis} is no limit there`,
    }));
  });
}
