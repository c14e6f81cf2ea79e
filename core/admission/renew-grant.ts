import { AXES, type Axis, type CapacityVector, UNLIMITED } from '../capacity/capacity-vector.ts';
import { createGrant, type GrantDecision, type GrantRequest, type GrantScope, judgeRequest } from './admit-grant.ts';
import type { Grant } from './grant.ts';

/**
 * A grant in the place of a live one, or why there is none. Only what the new one
 * has more than the old is asked of account and gates, so that a renewal is never
 * counted twice: Σ live + (new − old) = Σ of the others + new. One that has no
 * more on any axis adds nothing and is admitted whatever the gates say; actions
 * deal with what runs already.
 *
 * @param scope its `live` holds `replaced`
 */
export function renewGrant(request: GrantRequest, replaced: Grant, scope: GrantScope): GrantDecision {
  const { vector, durationMs } = request;
  const more = moreThan(replaced.vector, vector);
  if (AXES.every((axis) => more[axis] === 0)) {
    const grant = createGrant(vector, durationMs, scope);
    return { admitted: true, conditional: false, grant, assessment: null };
  }
  const decision = judgeRequest({ ...request, vector: more }, scope);
  return decision.admitted
    ? { ...decision, grant: { ...decision.grant, vector } }
    : { ...decision, available: together(replaced.vector, decision.available) };
}

/** What one vector has more than another. A null entitles to all and is charged as 0: what takes its place is charged whole. */
const moreThan = (old: CapacityVector, next: CapacityVector): CapacityVector =>
  vectorOf((axis) => {
    const [before, after] = [old[axis], next[axis]];
    if (after === null) return before === null ? 0 : null;
    return Math.max(0, after - (before ?? 0));
  });

const together = (old: CapacityVector, more: CapacityVector): CapacityVector =>
  vectorOf((axis) => {
    const added = more[axis];
    return added === null ? null : Math.min(1, (old[axis] ?? 0) + added);
  });

function vectorOf(componentOf: (axis: Axis) => number | null): CapacityVector {
  const vector: Record<Axis, number | null> = { ...UNLIMITED };
  for (const axis of AXES) vector[axis] = componentOf(axis);
  return vector;
}
