import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import type { EventFilter } from './event-filter.ts';

const ROOT = 'capmesh.v1.events';
/** In the place of a workload where an event is about the mesh as a whole: names of workloads begin with a letter or digit. */
const MESH = '_mesh';

/** Edits of the mesh. */
export const EDITS_SUBJECT = `${ROOT}.${MESH}.config.edit`;

/** Whatever happens to one account. */
export const grantsSubject = (workload: string): string => `${ROOT}.${workload}.grant`;

/**
 * `capmesh.v1.events.<workload>.<kind>`, followed by gate and kind of an action,
 * and by `order` where operators ordered something about actions.
 */
export function eventSubject({ workloadId, kind, actionTaken }: CapacityEvent): string {
  const parts = [ROOT, workloadId || MESH, kind];
  if (kind === 'action') parts.push(actionTaken?.gate || '_', actionTaken?.kind || '_');
  if (kind === 'config') parts.push('order');
  return parts.join('.');
}

/** Subjects that hold everything that a filter lets through; none = all. */
export function subjectsOf({ workload, gate, action = '' }: EventFilter): string[] {
  const own = `${ROOT}.${workload || '*'}`;
  if (action !== '') return [`${own}.action.*.${action}`];
  if (gate !== '') return [`${own}.gate`, `${own}.action.>`];
  return workload === '' ? [] : [`${own}.>`];
}
