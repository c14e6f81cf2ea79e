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

/** Refusal reasons kept apart per edge; the closed list of CONTRACT §F is shorter. */
const REASONS_MAX = 32;

/** Nothing happened: what others are added to. */
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

/** Counters before the first call. */
const NOTHING_COUNTED: Omit<EdgeCounters, 'workload' | 'service'> = emptyDelta();

/**
 * Difference of an edge's counters, `before` undefined meaning that they started
 * at zero. `null` where a counter fell or is not a number: the tick is then
 * missing for this edge, never clamped to 0 (MATHS §B0).
 */
export function differenceEdge(before: EdgeCounters | undefined, now: EdgeCounters): EdgeDelta | null {
  const known = before ?? NOTHING_COUNTED;
  const latencyBuckets = differenceBuckets(known.latencyBuckets, now.latencyBuckets);
  const refused = differenceReasons(known.refused, now.refused);
  if (latencyBuckets === null || refused === null) return null;
  const delta: EdgeDelta = {
    offered: now.offered - known.offered,
    admitted: now.admitted - known.admitted,
    refused,
    admittedLevelMax: now.admittedLevelMax,
    attempts: now.attempts - known.attempts,
    retries: now.retries - known.retries,
    failures: now.failures - known.failures,
    timeouts: now.timeouts - known.timeouts,
    breakerRefused: now.breakerRefused - known.breakerRefused,
    nativeRefused: now.nativeRefused - known.nativeRefused,
    inFlight: now.inFlight,
    latencyBuckets,
    latencySumMs: now.latencySumMs - known.latencySumMs,
  };
  return areCounts(delta) ? delta : null;
}

/** Spelled out field by field, as all that runs for every edge in every tick. */
const areCounts = (delta: EdgeDelta): boolean =>
  isCount(delta.offered) &&
  isCount(delta.admitted) &&
  isCount(delta.admittedLevelMax) &&
  isCount(delta.attempts) &&
  isCount(delta.retries) &&
  isCount(delta.failures) &&
  isCount(delta.timeouts) &&
  isCount(delta.breakerRefused) &&
  isCount(delta.nativeRefused) &&
  isCount(delta.inFlight) &&
  isCount(delta.latencySumMs);

function differenceBuckets(before: readonly number[], now: readonly number[]): number[] | null {
  const changes = new Array<number>(LATENCY_BUCKET_COUNT).fill(0);
  for (let k = 0; k < LATENCY_BUCKET_COUNT; k++) {
    const count = now[k] ?? 0;
    const known = before[k] ?? 0;
    if (count === known && count < Number.POSITIVE_INFINITY) continue;
    if (!isCount(count - known)) return null;
    changes[k] = count - known;
  }
  return changes;
}

function differenceReasons(
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
): Record<string, number> | null {
  const changes: Record<string, number> = {};
  let reasons = 0;
  for (const reason in now) {
    if (reasons === REASONS_MAX) break;
    reasons++;
    const change = (now[reason] ?? 0) - (before[reason] ?? 0);
    if (!isCount(change)) return null;
    changes[reason] = change;
  }
  return changes;
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
  total.offered += other.offered;
  total.admitted += other.admitted;
  total.attempts += other.attempts;
  total.retries += other.retries;
  total.failures += other.failures;
  total.timeouts += other.timeouts;
  total.breakerRefused += other.breakerRefused;
  total.nativeRefused += other.nativeRefused;
  total.latencySumMs += other.latencySumMs;
  for (let k = 0; k < LATENCY_BUCKET_COUNT; k++) {
    total.latencyBuckets[k] = (total.latencyBuckets[k] ?? 0) + (other.latencyBuckets[k] ?? 0);
  }
  for (const reason in other.refused) {
    total.refused[reason] = (total.refused[reason] ?? 0) + (other.refused[reason] ?? 0);
  }
  total.admittedLevelMax = Math.max(total.admittedLevelMax, other.admittedLevelMax);
}
