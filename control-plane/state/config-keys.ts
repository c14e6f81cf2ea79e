import type { MeshConfig } from '../../core/mesh/mesh-config.ts';

/** Key of the mesh's gate settings and policy. */
export const MESH_KEY = 'mesh';

/**
 * The stored objects of a mesh by their keys: `mesh`, `service.<name>`,
 * `workload.<name>`, `budget.<workload>.<service>`.
 */
export function configObjects(config: MeshConfig): Map<string, object> {
  const objects = new Map<string, object>([[MESH_KEY, { gates: config.gates, policy: config.policy }]]);
  for (const service of config.services.values()) {
    objects.set(`service.${service.name}`, service);
  }
  for (const workload of config.workloads.values()) {
    objects.set(`workload.${workload.name}`, workload);
  }
  for (const budget of config.budgets.values()) {
    objects.set(`budget.${budget.workload}.${budget.service}`, budget);
  }
  return objects;
}

/** Path of a stored object in a mesh file: `service.payment` → `services.payment`. */
export function pathOfKey(key: string): string {
  const [kind = '', ...names] = key.split('.');
  return kind === MESH_KEY ? MESH_KEY : [`${kind}s`, ...names].join('.');
}

/** Key of the object at a path of the mesh file: `services.payment` → `service.payment`. */
export function keyOfPath(path: string): string {
  const [list = '', ...names] = path.split('.');
  return list === MESH_KEY ? MESH_KEY : [list.slice(0, -1), ...names].join('.');
}
