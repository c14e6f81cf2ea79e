import {
  createEdgeOverlay,
  type EdgeOverlay,
  overlayRefusal,
  renewOverlay,
} from '../../core/admission/edge-overlay.ts';
import type { EdgeLeasePlan } from '../../core/allocators/capacity-plan.ts';
import { fullBucket, type TokenBucket, take } from '../../core/capacity/token-bucket.ts';
import { seededRandom } from '../../core/simulation/seeded-random.ts';
import type { EdgeCounters } from '../../core/substrate/telemetry-frame.ts';
import { bucketOf, counters } from './mesh-fixtures.ts';

interface Call {
  readonly caller: Caller;
  readonly startedSec: number;
  state: 'waiting' | 'served' | 'gone';
}

interface Caller {
  readonly workload: string;
  rateRps: number;
  nextSec: number;
  limit: number;
  inFlight: number;
  /** Of its calls, where they are not as heavy as those of others. */
  serviceMs: number | null;
  rateLimit: { readonly rps: number; readonly burst: number } | null;
  readonly bucket: TokenBucket;
  prio: number;
  readonly overlay: EdgeOverlay;
  readonly counts: Mutable<EdgeCounters>;
  readonly buckets: number[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface SimulatedServiceOptions {
  readonly service: string;
  readonly workloads: readonly string[];
  readonly workers: number;
  /** Exponentially distributed. */
  readonly meanServiceMs: number;
  readonly timeoutMs: number;
  readonly seed: number;
}

/**
 * A service with a few workers and a queue, open-loop callers in front of it and
 * one breaker per caller; it counts as an Envoy with its sidecar does. A call
 * that times out leaves the queue, but keeps its worker if it has one.
 */
export class SimulatedService {
  workers: number;
  meanServiceMs: number;
  nowSec = 0;
  readonly #options: SimulatedServiceOptions;
  readonly #random: () => number;
  readonly #callers: readonly Caller[];
  readonly #completions: { atSec: number; call: Call }[] = [];
  readonly #started: Call[] = [];
  #queue: Call[] = [];
  #busy = 0;

  constructor(options: SimulatedServiceOptions) {
    this.#options = options;
    this.workers = options.workers;
    this.meanServiceMs = options.meanServiceMs;
    this.#random = seededRandom(options.seed);
    this.#callers = options.workloads.map((workload) => {
      const counts: Mutable<EdgeCounters> = counters(workload, options.service);
      return {
        workload,
        rateRps: 0,
        nextSec: Number.POSITIVE_INFINITY,
        limit: Number.POSITIVE_INFINITY,
        inFlight: 0,
        serviceMs: null,
        rateLimit: null,
        bucket: fullBucket(0, 0),
        prio: 5,
        overlay: createEdgeOverlay(),
        counts,
        buckets: counts.latencyBuckets as number[],
      };
    });
  }

  setRate(workload: string, rateRps: number): void {
    const caller = this.#caller(workload);
    caller.rateRps = rateRps;
    caller.nextSec = rateRps > 0 ? this.nowSec + this.#exponential(1 / rateRps) : Number.POSITIVE_INFINITY;
  }

  setLimit(workload: string, limit: number): void {
    this.#caller(workload).limit = limit;
  }

  setServiceMs(workload: string, meanMs: number): void {
    this.#caller(workload).serviceMs = meanMs;
  }

  /** What a sidecar does for the caller: its slice of the rate, and actions that run out like those of a lease. */
  setLease(lease: EdgeLeasePlan, prio: number): void {
    const caller = this.#caller(lease.workload);
    const { rateRps, burst, overlayExpiresInMs = 0, shedBelowPrio = 0, shedRatio = 0 } = lease;
    caller.prio = prio;
    caller.rateLimit = rateRps === undefined ? null : { rps: rateRps, burst };
    const { shedRetries = false, fenced = false } = lease;
    const actions = { overlayExpiresInMs, shedBelowPrio, shedRatio, shedRetries, fenced };
    renewOverlay(caller.overlay, actions, 1000 * this.nowSec);
  }

  /** Counters of every caller since the start. */
  counters(): EdgeCounters[] {
    return this.#callers.map(({ counts, inFlight, buckets }) => ({
      ...counts,
      refused: { ...counts.refused },
      inFlight,
      latencyBuckets: [...buckets],
    }));
  }

  run(untilSec: number): void {
    for (;;) {
      const arriving = this.#callers.reduce((a, b) => (b.nextSec < a.nextSec ? b : a));
      const completion = this.#nextCompletion();
      const timeoutSec = this.#nextTimeout();
      const nextSec = Math.min(arriving.nextSec, completion?.atSec ?? Number.POSITIVE_INFINITY, timeoutSec);
      if (nextSec >= untilSec) break;
      this.nowSec = nextSec;
      if (nextSec === timeoutSec) this.#timeOut();
      else if (completion && nextSec === completion.atSec) this.#complete(completion);
      else this.#arrive(arriving);
    }
    this.nowSec = untilSec;
  }

  #arrive(caller: Caller): void {
    caller.nextSec = this.nowSec + this.#exponential(1 / caller.rateRps);
    caller.counts.offered++;
    const refusal = this.#refusal(caller);
    if (refusal !== null) {
      caller.counts.refused = { ...caller.counts.refused, [refusal]: (caller.counts.refused[refusal] ?? 0) + 1 };
      return;
    }
    caller.counts.admitted++;
    if (caller.inFlight >= caller.limit) {
      caller.counts.breakerRefused++;
      return;
    }
    caller.counts.attempts++;
    caller.inFlight++;
    const call: Call = { caller, startedSec: this.nowSec, state: 'waiting' };
    this.#started.push(call);
    this.#queue.push(call);
    this.#serve();
  }

  #refusal({ overlay, prio, rateLimit, bucket }: Caller): string | null {
    const nowMs = 1000 * this.nowSec;
    const kept = overlayRefusal(overlay, prio, false, nowMs);
    if (kept !== null || rateLimit === null) return kept;
    return take(bucket, rateLimit.rps, rateLimit.burst, 1, nowMs) ? null : 'budget-exhausted';
  }

  #serve(): void {
    while (this.#busy < this.workers) {
      const call = this.#queue.shift();
      if (!call) return;
      if (call.state === 'gone') continue;
      call.state = 'served';
      this.#busy++;
      const serviceMs = call.caller.serviceMs ?? this.meanServiceMs;
      this.#completions.push({ atSec: this.nowSec + this.#exponential(serviceMs / 1000), call });
    }
  }

  #complete(completion: { atSec: number; call: Call }): void {
    this.#completions.splice(this.#completions.indexOf(completion), 1);
    this.#busy--;
    const { call } = completion;
    if (call.state === 'served') {
      const latencyMs = 1000 * (this.nowSec - call.startedSec);
      const bucket = bucketOf(latencyMs);
      call.caller.buckets[bucket] = (call.caller.buckets[bucket] ?? 0) + 1;
      call.caller.counts.latencySumMs += latencyMs;
      call.caller.inFlight--;
      call.state = 'gone';
    }
    this.#serve();
  }

  #timeOut(): void {
    const call = this.#started.shift();
    if (!call) return;
    call.caller.counts.timeouts++;
    call.caller.counts.failures++;
    call.caller.inFlight--;
    call.state = 'gone';
    this.#queue = this.#queue.filter((waiting) => waiting.state !== 'gone');
  }

  #nextTimeout(): number {
    while (this.#started[0]?.state === 'gone') this.#started.shift();
    const [oldest] = this.#started;
    return oldest ? oldest.startedSec + this.#options.timeoutMs / 1000 : Number.POSITIVE_INFINITY;
  }

  #nextCompletion(): { atSec: number; call: Call } | undefined {
    let first: { atSec: number; call: Call } | undefined;
    for (const completion of this.#completions) if (!first || completion.atSec < first.atSec) first = completion;
    return first;
  }

  #exponential(mean: number): number {
    return -mean * Math.log(1 - this.#random());
  }

  #caller(workload: string): Caller {
    const caller = this.#callers.find((one) => one.workload === workload);
    if (!caller) throw new Error(`no caller ${workload}`);
    return caller;
  }
}

/** A payment of 8 workers × 20 ms, 400 calls per second, that checkout and batch call. */
export const simulatedPayment = (seed: number): SimulatedService =>
  new SimulatedService({
    service: 'payment',
    workloads: ['checkout', 'batch'],
    workers: 8,
    meanServiceMs: 20,
    timeoutMs: 1000,
    seed,
  });
