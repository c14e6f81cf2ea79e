import { type Axis, type CapacityVector, UNLIMITED } from './capacity-vector.ts';

/** Axes whose grants add up; the others are levels (CONTRACT §C). */
export const ADDING_AXES = ['int', 'ptr', 'obs'] as const satisfies readonly Axis[];
export type AddingAxis = (typeof ADDING_AXES)[number];

/** Whether the grants of an axis add up (CONTRACT §C). */
export const isAdding = (axis: Axis): axis is AddingAxis => axis === 'int' || axis === 'ptr' || axis === 'obs';

/** A vector from a function of its axes. */
export const mapAxes = (value: (axis: Axis) => number | null): CapacityVector => ({
  geo: value('geo'),
  int: value('int'),
  gauge: value('gauge'),
  ptr: value('ptr'),
  obs: value('obs'),
});

/**
 * What a workload's live grants amount to (CONTRACT §C): adding axes are summed,
 * a null counting 1; levels take the largest, a null being above every number.
 * Without grants nothing limits: every axis is null.
 */
export function sumLiveGrants(grants: readonly CapacityVector[]): CapacityVector {
  const [first] = grants;
  if (first === undefined) return UNLIMITED;
  let { geo, gauge } = first;
  let [int, ptr, obs] = [0, 0, 0];
  for (const grant of grants) {
    geo = geo === null || grant.geo === null ? null : Math.max(geo, grant.geo);
    gauge = gauge === null || grant.gauge === null ? null : Math.max(gauge, grant.gauge);
    int += grant.int ?? 1;
    ptr += grant.ptr ?? 1;
    obs += grant.obs ?? 1;
  }
  return { geo, int, gauge, ptr, obs };
}

/** min(1, Σ live grants) of one adding axis; `live` undefined = no live grant = 1. */
export const liveFraction = (live: CapacityVector | undefined, axis: AddingAxis): number =>
  Math.min(1, live?.[axis] ?? 1);

/**
 * C_live of an edge (CONTRACT §C). Adding axes: budget × min(1, Σ live grants).
 * Levels: min(budget, largest live grant). A null budget on an adding axis stays
 * null: a fraction of "no limit" is no limit.
 *
 * @param live the workload's `sumLiveGrants`; undefined = no live grant
 */
export function liveCapacity(budget: CapacityVector, live: CapacityVector | undefined): CapacityVector {
  return mapAxes((axis) => {
    const own = budget[axis];
    if (isAdding(axis)) return own === null ? null : own * liveFraction(live, axis);
    return smallerOf(own, live?.[axis] ?? null);
  });
}

/** The larger of two components; null only where both are (CONTRACT §C). */
export const largerOf = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.max(a, b);

/** A level that two bound: the smaller of two components; null only where both are (CONTRACT §C). */
export const smallerOf = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

/** Componentwise maximum for the thresholds of a scope; null only where every vector is null (CONTRACT §C). */
export function maxCapacity(vectors: readonly CapacityVector[]): CapacityVector {
  return mapAxes((axis) => vectors.reduce<number | null>((top, vector) => largerOf(top, vector[axis]), null));
}
