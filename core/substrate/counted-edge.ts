import { type EdgeKey, edgeKey } from '../mesh/mesh-config.ts';
import { type EdgeDelta, isCount } from './edge-delta.ts';
import { LATENCY_BUCKET_COUNT } from './latency-buckets.ts';
import type { EdgeCounters } from './telemetry-frame.ts';

/** Refusal reasons kept apart per edge; the closed list of CONTRACT §F is shorter. */
const REASONS_MAX = 32;

const OFFERED = 0;
const ADMITTED = 1;
const ATTEMPTS = 2;
const RETRIES = 3;
const FAILURES = 4;
const TIMEOUTS = 5;
const BREAKER_REFUSED = 6;
const NATIVE_REFUSED = 7;
const LATENCY_SUM = 8;
const LEVEL = 9;
const IN_FLIGHT = 10;
const BUCKETS = 11;

type Reasons = Readonly<Record<string, number>>;

const NO_REASONS: Reasons = {};

/**
 * The counters of one edge as a node told them last. They are copied into one
 * block of memory, so that frames can be forgotten as soon as they are read.
 */
export class CountedEdge {
  readonly workload: string;
  readonly service: string;
  readonly key: EdgeKey;
  readonly #counts = new Float64Array(BUCKETS + LATENCY_BUCKET_COUNT);
  #refused: Reasons = NO_REASONS;

  constructor(workload: string, service: string) {
    this.workload = workload;
    this.service = service;
    this.key = edgeKey(workload, service);
  }

  /** Takes newer counters without asking what happened since the last ones. */
  adopt(now: EdgeCounters): void {
    for (let k = 0; k < LATENCY_BUCKET_COUNT; k++) this.#counts[BUCKETS + k] = now.latencyBuckets[k] ?? 0;
    this.#adoptCounts(now);
  }

  #adoptCounts(now: EdgeCounters): void {
    const counts = this.#counts;
    counts[OFFERED] = now.offered;
    counts[ADMITTED] = now.admitted;
    counts[ATTEMPTS] = now.attempts;
    counts[RETRIES] = now.retries;
    counts[FAILURES] = now.failures;
    counts[TIMEOUTS] = now.timeouts;
    counts[BREAKER_REFUSED] = now.breakerRefused;
    counts[NATIVE_REFUSED] = now.nativeRefused;
    counts[LATENCY_SUM] = now.latencySumMs;
    counts[LEVEL] = now.admittedLevelMax;
    counts[IN_FLIGHT] = now.inFlight;
    this.#refused = hasReasons(now.refused) ? now.refused : NO_REASONS;
  }

  /**
   * Takes newer counters and writes what happened since the last ones, or since all
   * of them stood at zero, over `delta`. False where a counter fell or is not a
   * number: the tick is then missing for this edge, never clamped to 0 (MATHS §B0).
   */
  advance(now: EdgeCounters, delta: EdgeDelta): boolean {
    const before = this.#counts;
    delta.offered = now.offered - (before[OFFERED] as number);
    delta.admitted = now.admitted - (before[ADMITTED] as number);
    delta.admittedLevelMax = now.admittedLevelMax;
    delta.attempts = now.attempts - (before[ATTEMPTS] as number);
    delta.retries = now.retries - (before[RETRIES] as number);
    delta.failures = now.failures - (before[FAILURES] as number);
    delta.timeouts = now.timeouts - (before[TIMEOUTS] as number);
    delta.breakerRefused = now.breakerRefused - (before[BREAKER_REFUSED] as number);
    delta.nativeRefused = now.nativeRefused - (before[NATIVE_REFUSED] as number);
    delta.inFlight = now.inFlight;
    delta.latencySumMs = now.latencySumMs - (before[LATENCY_SUM] as number);
    const isKnown = differenceReasons(this.#refused, now.refused, delta) && areCounts(delta);
    this.#adoptCounts(now);
    return this.#advanceBuckets(now.latencyBuckets, delta.latencyBuckets) && isKnown;
  }

  /** As it was told last. */
  counters(): EdgeCounters {
    const at = (field: number): number => this.#counts[field] as number;
    return {
      workload: this.workload,
      service: this.service,
      offered: at(OFFERED),
      admitted: at(ADMITTED),
      refused: this.#refused,
      admittedLevelMax: at(LEVEL),
      attempts: at(ATTEMPTS),
      retries: at(RETRIES),
      failures: at(FAILURES),
      timeouts: at(TIMEOUTS),
      breakerRefused: at(BREAKER_REFUSED),
      nativeRefused: at(NATIVE_REFUSED),
      inFlight: at(IN_FLIGHT),
      latencyBuckets: [...this.#counts.subarray(BUCKETS)],
      latencySumMs: at(LATENCY_SUM),
    };
  }

  /** Takes newer buckets; those beyond the last one that changed are as they were. */
  #advanceBuckets(now: readonly number[], changes: number[]): boolean {
    const before = this.#counts;
    let isKnown = true;
    let size = LATENCY_BUCKET_COUNT;
    while (size > 0 && isUnchanged(now[size - 1] ?? 0, before[BUCKETS + size - 1] as number)) size--;
    changes.length = Math.min(changes.length, size);
    for (let k = 0; k < size; k++) {
      const count = now[k] ?? 0;
      const known = before[BUCKETS + k] as number;
      const change = isUnchanged(count, known) ? 0 : count - known;
      if (!isCount(change)) isKnown = false;
      before[BUCKETS + k] = count;
      changes[k] = change;
    }
    return isKnown;
  }
}

/** Two infinite counts are no count at all. */
const isUnchanged = (count: number, known: number): boolean => count === known && count < Number.POSITIVE_INFINITY;

function hasReasons(refused: Reasons): boolean {
  for (const _ in refused) return true;
  return false;
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

function differenceReasons(before: Reasons, now: Reasons, delta: EdgeDelta): boolean {
  if (hasReasons(delta.refused)) delta.refused = {};
  let reasons = 0;
  for (const reason in now) {
    if (reasons === REASONS_MAX) break;
    reasons++;
    const change = (now[reason] ?? 0) - (before[reason] ?? 0);
    if (!isCount(change)) return false;
    delta.refused[reason] = change;
  }
  return true;
}
