import type { ActionEdge, EdgeShed, RunningAction } from './running-action.ts';
import type { EndCause, StabilityActionRecord } from './stability-action.ts';
import type { SceneEdge, StabilityScene } from './stability-scene.ts';

/** One answer to a failed gate: what should be in force from now on, and on which edges. */
export interface Measure extends Pick<StabilityActionRecord, 'gate' | 'horizon' | 'kind' | 'target' | 'size'> {
  readonly edges: readonly ActionEdge[];
  /** Whose latency is watched, and how it was before. */
  readonly victim?: string;
  readonly before?: readonly number[];
  /** The running one is to end, for this reason. */
  readonly ends?: EndCause;
}

/** An edge as it is now, for an action that begins. */
export const actionEdge = (edge: SceneEdge, shed: EdgeShed | null = null): ActionEdge => ({
  key: edge.key,
  usedRps: edge.admittedRps,
  usedInFlight: edge.inFlight,
  guaranteeRps: edge.guaranteeRps,
  shed,
});

/** Multiplicative decrease of what an action leaves (MATHS §B6). */
export const DECREASE = 0.7;
/** Additive recovery of it. */
export const INCREASE = 0.05;
/** Nobody is left less than this share (CONTRACT §G). */
export const FLOOR = 0.1;
/** A step is given this long to show its effect. */
export const STEP_MS = 5000;

/**
 * The least that an action may leave of the calls of these edges: the floor, and
 * no less than keeps what is shed within the policy's share of all calls.
 */
export function leastSize(scene: StabilityScene, edges: readonly SceneEdge[]): number {
  const own = sum(edges);
  return own > 0 ? Math.max(FLOOR, 1 - (scene.policy.maxShedRatio * sum(scene.edges)) / own) : FLOOR;
}

/** One step down from a size, no further than the least. */
export const lower = (size: number, least: number): number =>
  Math.max(Math.min(least, size), Number((DECREASE * size).toFixed(4)));

/** Whether a step of an action has had time to show what it does, in monotonic milliseconds. */
export const isSettled = (action: RunningAction, nowMs: number): boolean => nowMs - action.steppedMs >= STEP_MS;

/** The measure that keeps a running action as it is. */
export const keep = (action: RunningAction, size = action.record.size): Measure => ({
  gate: action.record.gate,
  horizon: action.record.horizon,
  kind: action.record.kind,
  target: action.record.target,
  size,
  edges: action.edges,
  victim: action.victim,
  before: action.before,
});

const sum = (edges: readonly SceneEdge[]): number => edges.reduce((total, edge) => total + edge.offeredRps, 0);
