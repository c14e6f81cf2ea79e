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
  /** Answers per latency bucket, up to the last one that has any. */
  latencyBuckets: number[];
  latencySumMs: number;
}

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
  latencyBuckets: [],
  latencySumMs: 0,
});

/** An independent copy, for those who keep a delta longer than until the next report. */
export const copyDelta = (delta: EdgeDelta): EdgeDelta => ({
  ...delta,
  refused: { ...delta.refused },
  latencyBuckets: [...delta.latencyBuckets],
});

/** Whether something can be a number of calls. */
export const isCount = (value: number): boolean => value >= 0 && value < Number.POSITIVE_INFINITY;

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
  for (let k = 0; k < other.latencyBuckets.length; k++) {
    total.latencyBuckets[k] = (total.latencyBuckets[k] ?? 0) + (other.latencyBuckets[k] ?? 0);
  }
  for (const reason in other.refused) {
    total.refused[reason] = (total.refused[reason] ?? 0) + (other.refused[reason] ?? 0);
  }
  total.admittedLevelMax = Math.max(total.admittedLevelMax, other.admittedLevelMax);
}

/** Calls made, admitted or not; where no sidecar counts them, attempts. */
export const callsOf = (counts: { readonly offered: number; readonly attempts: number }): number =>
  counts.offered > 0 ? counts.offered : counts.attempts;
