import { LATENCY_BUCKET_COUNT } from './latency-buckets.ts';
import type { EdgeCounters } from './telemetry-frame.ts';

/** What happened on one edge between two frames of a node, or over several nodes. */
export interface EdgeDelta {
  offered: number;
  admitted: number;
  /** By refusal reason. */
  refused: Record<string, number>;
  admittedLevelMax: number;
  attempts: number;
  retries: number;
  failures: number;
  timeouts: number;
  breakerRefused: number;
  nativeRefused: number;
  /** At the end. */
  inFlight: number;
  latencyBuckets: number[];
  latencySumMs: number;
}

const CUMULATIVE = [
  'offered',
  'admitted',
  'attempts',
  'retries',
  'failures',
  'timeouts',
  'breakerRefused',
  'nativeRefused',
  'latencySumMs',
] as const;

/** Refusal reasons kept apart per edge; the closed list of CONTRACT §F is shorter. */
const REASONS_MAX = 32;

export const emptyDelta = (): EdgeDelta => ({
  offered: 0,
  admitted: 0,
  refused: {},
  admittedLevelMax: 0,
  attempts: 0,
  retries: 0,
  failures: 0,
  timeouts: 0,
  breakerRefused: 0,
  nativeRefused: 0,
  inFlight: 0,
  latencyBuckets: new Array<number>(LATENCY_BUCKET_COUNT).fill(0),
  latencySumMs: 0,
});

/**
 * Difference of an edge's counters, `before` undefined meaning that they started
 * at zero. `null` where a counter fell or is not a number: the tick is then
 * missing for this edge, never clamped to 0 (MATHS §B0).
 */
export function differenceEdge(before: EdgeCounters | undefined, now: EdgeCounters): EdgeDelta | null {
  const delta = emptyDelta();
  for (const name of CUMULATIVE) {
    const change = now[name] - (before?.[name] ?? 0);
    if (!isCount(change)) return null;
    delta[name] = change;
  }
  for (let k = 0; k < LATENCY_BUCKET_COUNT; k++) {
    const change = (now.latencyBuckets[k] ?? 0) - (before?.latencyBuckets[k] ?? 0);
    if (!isCount(change)) return null;
    delta.latencyBuckets[k] = change;
  }
  for (const [reason, count] of Object.entries(now.refused).slice(0, REASONS_MAX)) {
    const change = count - (before?.refused[reason] ?? 0);
    if (!isCount(change)) return null;
    delta.refused[reason] = change;
  }
  if (!isCount(now.inFlight) || !isCount(now.admittedLevelMax)) return null;
  delta.inFlight = now.inFlight;
  delta.admittedLevelMax = now.admittedLevelMax;
  return delta;
}

const isCount = (value: number): boolean => value >= 0 && value < Number.POSITIVE_INFINITY;

/** Adds what happened later on the same node: what is not cumulative is replaced. */
export function appendDelta(total: EdgeDelta, later: EdgeDelta): void {
  addCounts(total, later);
  total.inFlight = later.inFlight;
}

/** Adds what happened at the same time on another node. The bucket levels of nodes add, for each holds a share of the edge. */
export function mergeDelta(total: EdgeDelta, other: EdgeDelta): void {
  const level = total.admittedLevelMax + other.admittedLevelMax;
  addCounts(total, other);
  total.admittedLevelMax = level;
  total.inFlight += other.inFlight;
}

function addCounts(total: EdgeDelta, other: EdgeDelta): void {
  for (const name of CUMULATIVE) total[name] += other[name];
  for (let k = 0; k < LATENCY_BUCKET_COUNT; k++) {
    total.latencyBuckets[k] = (total.latencyBuckets[k] ?? 0) + (other.latencyBuckets[k] ?? 0);
  }
  for (const [reason, count] of Object.entries(other.refused)) {
    total.refused[reason] = (total.refused[reason] ?? 0) + count;
  }
  total.admittedLevelMax = Math.max(total.admittedLevelMax, other.admittedLevelMax);
}
