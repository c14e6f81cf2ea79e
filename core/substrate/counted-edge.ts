import { type EdgeKey, edgeKey } from '../mesh/mesh-config.ts';
import { type EdgeDelta, isCount } from './edge-delta.ts';
import { LATENCY_BUCKET_COUNT } from './latency-buckets.ts';
import { NumberRows } from './number-rows.ts';
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
const ROWS = new NumberRows(BUCKETS + LATENCY_BUCKET_COUNT);

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
  readonly #counts: Float64Array;
  readonly #first: number;
  #refused: Reasons = NO_REASONS;
  /** Buckets up to the last one that was told. */
  #told = 0;

  constructor(workload: string, service: string) {
    this.workload = workload;
    this.service = service;
    this.key = edgeKey(workload, service);
    const { numbers, start } = ROWS.take();
    this.#counts = numbers;
    this.#first = start;
  }

  /** Takes newer counters without asking what happened since the last ones. */
  adopt(now: EdgeCounters): void {
    const buckets = this.#first + BUCKETS;
    for (let k = 0; k < LATENCY_BUCKET_COUNT; k++) this.#counts[buckets + k] = now.latencyBuckets[k] ?? 0;
    this.#told = Math.min(now.latencyBuckets.length, LATENCY_BUCKET_COUNT);
    this.#adoptCounts(now);
  }

  #adoptCounts(now: EdgeCounters): void {
    const counts = this.#counts;
    const at = this.#first;
    counts[at + OFFERED] = now.offered;
    counts[at + ADMITTED] = now.admitted;
    counts[at + ATTEMPTS] = now.attempts;
    counts[at + RETRIES] = now.retries;
    counts[at + FAILURES] = now.failures;
    counts[at + TIMEOUTS] = now.timeouts;
    counts[at + BREAKER_REFUSED] = now.breakerRefused;
    counts[at + NATIVE_REFUSED] = now.nativeRefused;
    counts[at + LATENCY_SUM] = now.latencySumMs;
    counts[at + LEVEL] = now.admittedLevelMax;
    counts[at + IN_FLIGHT] = now.inFlight;
    this.#refused = hasReasons(now.refused) ? now.refused : NO_REASONS;
  }

  /**
   * Takes newer counters and writes what happened since the last ones, or since all
   * of them stood at zero, over `delta`. False where a counter fell or is not a
   * number: the tick is then missing for this edge, never clamped to 0 (MATHS §B0).
   */
  advance(now: EdgeCounters, delta: EdgeDelta): boolean {
    const before = this.#counts;
    const at = this.#first;
    delta.offered = now.offered - (before[at + OFFERED] as number);
    delta.admitted = now.admitted - (before[at + ADMITTED] as number);
    delta.admittedLevelMax = now.admittedLevelMax;
    delta.attempts = now.attempts - (before[at + ATTEMPTS] as number);
    delta.retries = now.retries - (before[at + RETRIES] as number);
    delta.failures = now.failures - (before[at + FAILURES] as number);
    delta.timeouts = now.timeouts - (before[at + TIMEOUTS] as number);
    delta.breakerRefused = now.breakerRefused - (before[at + BREAKER_REFUSED] as number);
    delta.nativeRefused = now.nativeRefused - (before[at + NATIVE_REFUSED] as number);
    delta.inFlight = now.inFlight;
    delta.latencySumMs = now.latencySumMs - (before[at + LATENCY_SUM] as number);
    const isKnown = differenceReasons(this.#refused, now.refused, delta) && areCounts(delta);
    this.#adoptCounts(now);
    return this.#advanceBuckets(now.latencyBuckets, delta.latencyBuckets) && isKnown;
  }

  /** As it was told last. */
  counters(): EdgeCounters {
    const at = (field: number): number => this.#counts[this.#first + field] as number;
    const buckets = this.#first + BUCKETS;
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
      latencyBuckets: [...this.#counts.subarray(buckets, buckets + LATENCY_BUCKET_COUNT)],
      latencySumMs: at(LATENCY_SUM),
    };
  }

  /** Takes newer buckets; those beyond the last one that changed are as they were. */
  #advanceBuckets(now: readonly number[], changes: number[]): boolean {
    const before = this.#counts;
    const buckets = this.#first + BUCKETS;
    let isKnown = true;
    const told = Math.min(now.length, LATENCY_BUCKET_COUNT);
    let size = Math.max(told, this.#told);
    this.#told = told;
    while (size > 0 && isUnchanged(countOf(now, size - 1), before[buckets + size - 1] as number)) size--;
    changes.length = Math.min(changes.length, size);
    for (let k = 0; k < size; k++) {
      const count = countOf(now, k);
      const known = before[buckets + k] as number;
      const change = isUnchanged(count, known) ? 0 : count - known;
      if (!isCount(change)) isKnown = false;
      before[buckets + k] = count;
      changes[k] = change;
    }
    return isKnown;
  }
}

/** Those that are not told hold nothing. */
const countOf = (buckets: readonly number[], k: number): number => (k < buckets.length ? (buckets[k] as number) : 0);

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
