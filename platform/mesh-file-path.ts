import type { Mesh } from '../proto/gen/capmesh/v1/mesh.ts';

/**
 * The path in a mesh file of what lies at `path` in a message that holds the mesh as its field `mesh`:
 * `mesh.budgets[0].vector.cInt` → `budgets.checkout.payment.int`.
 */
export function meshFilePath(path: string, mesh: Mesh): string {
  const match = /^mesh\.(services|workloads|budgets)\[(\d+)\](?:\.(.*))?$/.exec(path);
  if (match === null) return path === 'mesh.name' ? 'mesh' : path.replace(/^mesh\./, '');
  const [, list = '', index = '', field = ''] = match;
  if (list === 'budgets') return budgetPath(mesh.budgets[Number(index)], field);
  const name = (list === 'services' ? mesh.services : mesh.workloads)[Number(index)]?.name ?? '';
  return joined([list, name, field === 'name' ? '' : field.replace('memoryMib', 'memoryMiB')]);
}

function budgetPath(budget: Mesh['budgets'][number] | undefined, field: string): string {
  const { workload = '', service = '' } = budget ?? {};
  if (field === 'workload') return joined(['budgets', workload]);
  const axis = /^vector\.c([A-Z]\w*)$/.exec(field)?.[1]?.toLowerCase();
  return joined(['budgets', workload, service, axis ?? (field === 'service' ? '' : field)]);
}

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== '').join('.');
