import type { Conflict, Problem } from '../../proto/gen/capmesh/v1/admin_service.ts';

/** One line a problem: where, then what. */
export function problemLines(kind: 'error' | 'warning', problems: readonly Problem[]): string[] {
  return problems.map(({ path, message }) => `${kind}: ${path === '' ? '' : `${path}: `}${message}`);
}

export function conflictLine({ path, expectedRevision, actualRevision }: Conflict): string {
  return `conflict: ${path} is at revision ${actualRevision}, this edit was based on ${expectedRevision}`;
}
