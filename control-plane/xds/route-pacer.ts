import { type Snapshot, withSet } from '../../envoy/snapshot.ts';
import { RESOURCE_TYPES } from '../../envoy/type-urls.ts';

/** What to serve now, and when to ask again for what was held back (monotonic ms; `null` = nothing was). */
export interface Paced {
  readonly serve: Snapshot;
  readonly againAtMs: number | null;
}

/**
 * Holds route tables back that nobody edited: every change of one refills all its
 * rate-limit buckets, so figures that follow measurements move at most once per
 * interval. An edit, or a plan with other edges, goes out at once.
 */
export class RoutePacer {
  readonly #intervalMs: number;
  #served: Snapshot | null = null;
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  offer(snapshot: Snapshot, isEdited: boolean, nowMs: number): Paced {
    const before = this.#served;
    if (before !== null && !isEdited && nowMs < this.#nextMs && hasSameShape(before, snapshot)) {
      if (routesOf(before)?.version === routesOf(snapshot)?.version) return { serve: snapshot, againAtMs: null };
      const held = withSet(snapshot, RESOURCE_TYPES.routes, [...(routesOf(before)?.resources.values() ?? [])]);
      this.#served = held;
      return { serve: held, againAtMs: this.#nextMs };
    }
    if (before === null || routesOf(before)?.version !== routesOf(snapshot)?.version) {
      this.#nextMs = nowMs + this.#intervalMs;
    }
    this.#served = snapshot;
    return { serve: snapshot, againAtMs: null };
  }
}

const routesOf = (snapshot: Snapshot) => snapshot.sets.get(RESOURCE_TYPES.routes);

/** The same edges and services, so that held-back routes refer to clusters that are there. */
function hasSameShape(a: Snapshot, b: Snapshot): boolean {
  return [RESOURCE_TYPES.cluster, RESOURCE_TYPES.routes].every((typeUrl) => {
    const names = [...(a.sets.get(typeUrl)?.resources.keys() ?? [])];
    const others = b.sets.get(typeUrl)?.resources;
    return names.length === others?.size && names.every((name) => others.has(name));
  });
}
