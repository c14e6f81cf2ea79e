import type { MeshView } from './mesh-view.ts';

/** A service that is asked to be made larger; fields of `capmesh.v1.ScaleRequest`. */
export interface ScaleRequest {
  readonly service: string;
  /** K as it was found while the service is held at its knee, else as declared; `null` = neither. */
  readonly currentCapacityRps: number | null;
  /** Calls per second that are refused for want of capacity, by breakers and sheds, over the newest tick. */
  readonly refusedRps: number;
  /** Multiple of the capacity with which its gates would come to 0.8 (MATHS §B7). */
  readonly recommendedFactor: number;
  /** UTC milliseconds. */
  readonly sinceMs: number;
  readonly reason: string;
}

/** Refusals that more capacity would make needless; what budgets refuse is as operators want it. */
const WANT_OF_CAPACITY = ['breaker-open', 'shed-priority'];

/** What the running `request-scale` actions ask for; those that are only recorded ask for nothing. */
export function scaleRequestsOf({ actions, services, edges }: MeshView): ScaleRequest[] {
  return actions
    .filter(({ kind, shadow }) => kind === 'request-scale' && !shadow)
    .map(({ service: name, size, startedAtMs, gate, ratio, threshold }) => {
      const service = services.find((one) => one.service === name);
      const refusedRps = edges
        .filter((edge) => edge.service === name)
        .flatMap((edge) => WANT_OF_CAPACITY.map((reason) => edge.refusedRps[reason] ?? 0))
        .reduce((sum, rps) => sum + rps, 0);
      return {
        service: name,
        currentCapacityRps: service?.foundCapacityRps ?? service?.capacityRps ?? null,
        refusedRps,
        recommendedFactor: size,
        sinceMs: startedAtMs,
        reason: `${gate} u ${ratio.toFixed(2)} (threshold ${threshold}): calls have been refused for want of capacity for a minute and more`,
      };
    });
}
