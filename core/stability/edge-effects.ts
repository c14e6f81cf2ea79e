import type { EdgeEffect } from '../allocators/enforce-plan.ts';
import type { EdgeKey } from '../mesh/mesh-config.ts';
import { FLOOR } from './measure.ts';
import type { ActionEdge, RunningAction } from './running-action.ts';

/** What all actions in force do to each edge; of two the stricter holds. Actions in the shadow do nothing. */
export function edgeEffects(actions: Iterable<RunningAction>): Map<EdgeKey, EdgeEffect> {
  const effects = new Map<EdgeKey, EdgeEffect>();
  for (const action of actions) {
    if (action.record.shadow) continue;
    for (const edge of action.edges) {
      const own = effectOf(action, edge);
      const other = effects.get(edge.key);
      effects.set(edge.key, other ? stricter(own, other) : own);
    }
  }
  return effects;
}

const NONE: EdgeEffect = {
  rateRps: Number.POSITIVE_INFINITY,
  burstFactor: 1,
  concurrency: Number.POSITIVE_INFINITY,
  retryPercent: 100,
  leaseFactor: 1,
  shedBelowPrio: 0,
  shedRatio: 0,
  shedRetries: false,
  fenced: false,
};

function effectOf({ record: { kind, size } }: RunningAction, edge: ActionEdge): EdgeEffect {
  const guaranteeRps = edge.guaranteeRps ?? Number.POSITIVE_INFINITY;
  switch (kind) {
    case 'shed-priority':
      return { ...NONE, shedBelowPrio: edge.shed?.belowPrio ?? 0, shedRatio: edge.shed?.ratio ?? 0 };
    case 'shed-retries':
      return { ...NONE, retryPercent: size, shedRetries: edge.shed?.retries ?? false };
    case 'reallocate':
      // What is answered well goes on being answered.
      return { ...NONE, rateRps: Math.max(size * guaranteeRps, Math.min(edge.usedRps, guaranteeRps)) };
    case 'cut-burst':
      return { ...NONE, rateRps: guaranteeRps, burstFactor: size };
    case 'shorten-leases':
      return { ...NONE, leaseFactor: size };
    case 'probe':
    case 'throttle':
      return { ...NONE, rateRps: heldRate(edge, size), concurrency: heldConcurrency(edge, size) };
    case 'fence':
      return { ...NONE, fenced: true };
    default:
      return NONE;
  }
}

/** A share of the rate that the edge used, never below a tenth of its guarantee. */
const heldRate = ({ usedRps, guaranteeRps }: ActionEdge, size: number): number =>
  guaranteeRps === null ? Number.POSITIVE_INFINITY : Math.max(FLOOR * guaranteeRps, size * usedRps);

/**
 * Calls in flight that leave about `size` of the load: calls come in clusters, so
 * a limit at the mean would refuse many more than meant; √ of it is added, as far
 * as a Poisson stream strays.
 */
const heldConcurrency = ({ usedInFlight }: ActionEdge, size: number): number => {
  const held = size * usedInFlight;
  return Math.max(1, Math.round(held + Math.sqrt(held)));
};

function stricter(a: EdgeEffect, b: EdgeEffect): EdgeEffect {
  const shed = a.shedBelowPrio * a.shedRatio >= b.shedBelowPrio * b.shedRatio ? a : b;
  return {
    rateRps: Math.min(a.rateRps, b.rateRps),
    burstFactor: Math.min(a.burstFactor, b.burstFactor),
    concurrency: Math.min(a.concurrency, b.concurrency),
    retryPercent: Math.min(a.retryPercent, b.retryPercent),
    leaseFactor: Math.min(a.leaseFactor, b.leaseFactor),
    shedBelowPrio: shed.shedBelowPrio,
    shedRatio: shed.shedRatio,
    shedRetries: a.shedRetries || b.shedRetries,
    fenced: a.fenced || b.fenced,
  };
}
