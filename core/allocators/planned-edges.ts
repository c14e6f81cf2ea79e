import type { EdgeKey } from '../mesh/mesh-config.ts';
import type { ServicePlan } from './capacity-plan.ts';

/** Numbers of the edges of one service in the order of its plan, as they are wanted for every edge in every tick. */
export interface PlannedEdges {
  readonly keys: readonly EdgeKey[];
  /** limit_e, calls per second; NaN = no rate limit. */
  readonly limitRps: readonly number[];
  /** σ_e as far as actions leave it, calls. */
  readonly burst: readonly number[];
}

/** A plan is never changed in place, so what follows from it alone is kept with it. */
const KNOWN = new WeakMap<ServicePlan, PlannedEdges>();

/** Limits (calls per second) and bursts (calls) of the edges of a service, apart from all else that is planned (CONTRACT §D, §H). */
export function plannedEdges(service: ServicePlan): PlannedEdges {
  const known = KNOWN.get(service);
  if (known !== undefined) return known;
  const { edges } = service;
  const planned: PlannedEdges = {
    keys: edges.map(({ key }) => key),
    limitRps: edges.map(({ limitRps }) => limitRps ?? Number.NaN),
    burst: edges.map(({ burst, overlay }) => (burst ?? 0) * (overlay?.burstFactor ?? 1)),
  };
  KNOWN.set(service, planned);
  return planned;
}
