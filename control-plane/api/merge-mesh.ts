import type { Mesh } from '../../proto/gen/capmesh/v1/mesh.ts';

/**
 * The mesh that an apply asks for: what it names, and of the stored mesh what it
 * does not name, unless `prune` is set.
 */
export function mergeMesh(given: Mesh, stored: Mesh, prune: boolean): Mesh {
  if (prune) return given;
  const edge = ({ workload, service }: { workload: string; service: string }): string => `${workload}/${service}`;
  const name = (object: { name: string }): string => object.name;
  return {
    name: given.name,
    services: merged(given.services, stored.services, name),
    workloads: merged(given.workloads, stored.workloads, name),
    budgets: merged(given.budgets, stored.budgets, edge),
    gates: given.gates ?? stored.gates,
    policy: given.policy ?? stored.policy,
  };
}

function merged<T>(given: readonly T[], stored: readonly T[], keyOf: (object: T) => string): T[] {
  const named = new Set(given.map(keyOf));
  return [...given, ...stored.filter((object) => !named.has(keyOf(object)))];
}
