import { CONTROL_PERIOD_SEC } from '../gates/uv.ts';
import { actionEdge, DECREASE, isSettled, keep, leastSize, lower, type Measure } from './measure.ts';
import type { SceneEdge, StabilityScene } from './stability-scene.ts';

const COOL_DOWN_MS = 3 * CONTROL_PERIOD_SEC * 1000;

/** Larger batches and smaller caches are the workload's to make: it is told, nothing is enforced (CONTRACT §G). */
export const adviseBatching = (edge: SceneEdge, ratio: number): Measure => ({
  gate: 'uv',
  horizon: 'immediate',
  kind: 'advise-batching',
  target: edge.key,
  size: Number(ratio.toFixed(2)),
  edges: [],
});

/** The bursting edge keeps its guaranteed rate; of its burst it has less with every step. */
export function cutBurst(scene: StabilityScene, edge: SceneEdge): Measure {
  const running = scene.running.find(({ record }) => record.kind === 'cut-burst' && record.target === edge.key);
  const least = leastSize(scene, [edge]);
  if (running) {
    return keep(running, isSettled(running, scene.nowMs) ? lower(running.record.size, least) : running.record.size);
  }
  return {
    gate: 'uv',
    horizon: 'immediate',
    kind: 'cut-burst',
    target: edge.key,
    size: Math.max(least, DECREASE),
    edges: [actionEdge(edge)],
  };
}

/**
 * Takes rate from the callers of a failing service, the least important one that
 * has something to give first, one step in 3·τ_c.
 */
export function reallocate(scene: StabilityScene): Measure[] {
  const running = scene.running.filter(({ record }) => record.kind === 'reallocate');
  const resting = running.some((action) => scene.nowMs - action.steppedMs < COOL_DOWN_MS);
  const sizes = new Map(running.map(({ record }) => [record.target, record.size]));
  const next = resting ? undefined : nextToGive(scene, sizes);
  const kept = running.map((action) => {
    const { target, size } = action.record;
    return target === next?.key ? keep(action, lower(size, leastSize(scene, [next]))) : keep(action);
  });
  if (next === undefined || sizes.has(next.key)) return kept;
  const size = Math.max(leastSize(scene, [next]), DECREASE);
  const edges = [{ ...actionEdge(next), usedRps: next.goodRps }];
  return [...kept, { gate: 'fit', horizon: 'short-term', kind: 'reallocate', target: next.key, size, edges }];
}

/** The edge of the lowest class that may still be cut; in a class the one that is offered most. */
function nextToGive(scene: StabilityScene, sizes: ReadonlyMap<string, number>): SceneEdge | undefined {
  return scene.edges
    .filter((edge) => edge.guaranteeRps !== null && edge.offeredRps > 0)
    .filter((edge) => (sizes.get(edge.key) ?? 1) > leastSize(scene, [edge]))
    .sort((a, b) => a.prio - b.prio || b.offeredRps - a.offeredRps)[0];
}
