import type { LeasedOverlay } from '../admission/edge-overlay.ts';
import type { EdgeLeasePlan } from './capacity-plan.ts';

/** The actions that ride in an edge's lease, with what is left out filled in. */
export const leasedOverlay = (lease: EdgeLeasePlan): LeasedOverlay => ({
  overlayExpiresInMs: lease.overlayExpiresInMs ?? 0,
  shedBelowPrio: lease.shedBelowPrio ?? 0,
  shedRatio: lease.shedRatio ?? 0,
  shedRetries: lease.shedRetries ?? false,
  fenced: lease.fenced ?? false,
});
