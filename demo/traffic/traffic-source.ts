import type { Clock } from '../../platform/clock.ts';
import type { Answer } from '../http/answer.ts';
import { BalancedPool } from '../http/balanced-pool.ts';
import { requestBytes } from '../http/request-bytes.ts';
import { WORK_HEADER } from '../services/fixed-capacity-handler.ts';
import { AnswerCounts, type AnswerTotals } from './answer-counts.ts';
import { type Arrivals, gapSource } from './arrivals.ts';

export interface Phase {
  readonly name: string;
  readonly seconds: number;
  readonly rateRps: number;
  /** How many ordinary calls each call is worth to the service; default 1. */
  readonly work?: number;
}

export interface PhaseReport extends AnswerTotals {
  readonly name: string;
  readonly seconds: number;
}

export interface TrafficOptions {
  readonly host: string;
  /** Of the Envoys, which take turns. */
  readonly ports: readonly number[];
  /** The `Host` header: the service called. */
  readonly authority: string;
  /** Headers of every call, asked for each call so that a renewed token is used at once. */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly arrivals: Arrivals;
  readonly seed: number;
  /** May go on without end; phases of the same name share their counts. */
  readonly phases: Iterable<Phase>;
  readonly inFlightMax: number;
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Called about once a second with the counts of the calls that were offered in that second, when it is over. */
  readonly onSecond?: (second: PhaseReport) => void;
  /** Called with every answer and the time since its call was due. */
  readonly onAnswer?: (answer: Answer, latencyMs: number) => void;
}

/** Calls offered in one second are reported this long after it began, when they are answered. */
const SERIES_LAG_SECONDS = 3;

/**
 * Open-loop traffic: calls are sent when they are due, whether or not earlier
 * ones were answered, and latency counts from the instant a call was due.
 * Answers are booked to the phase in which their call was offered.
 */
export class TrafficSource {
  private readonly options: TrafficOptions;
  private readonly pool: BalancedPool;
  private readonly seconds: { readonly name: string; readonly counts: AnswerCounts }[] = [];
  private stopped = false;

  constructor(options: TrafficOptions) {
    this.options = options;
    this.pool = new BalancedPool(options);
  }

  /** Runs all phases; resolves once every call has its answer. */
  async run(): Promise<PhaseReport[]> {
    const nextGap = gapSource(this.options.arrivals, this.options.seed);
    const reports = new Map<string, { seconds: number; counts: AnswerCounts }>();
    let phaseStartMs = this.options.clock.monotonicMs();
    for (const phase of this.options.phases) {
      if (this.stopped) break;
      const report = reports.get(phase.name) ?? { seconds: 0, counts: new AnswerCounts() };
      reports.set(phase.name, report);
      report.seconds += phase.seconds;
      await this.runPhase(phase, phaseStartMs, report.counts, nextGap);
      phaseStartMs += phase.seconds * 1000;
    }
    await this.drained();
    this.pool.close();
    this.reportSeconds(0);
    return [...reports].map(([name, { seconds, counts }]) => ({ name, seconds, ...counts.totals() }));
  }

  /** Offers no further calls; `run` still waits for the answers. */
  stop(): void {
    this.stopped = true;
  }

  private async runPhase(
    phase: Phase,
    startMs: number,
    counts: AnswerCounts,
    nextGap: (rateRps: number) => number,
  ): Promise<void> {
    const { clock } = this.options;
    const request = this.requestOf(phase);
    let dueMs = startMs + nextGap(phase.rateRps) * 1000;
    for (let second = 0; second < phase.seconds && !this.stopped; second += 1) {
      const ofSecond = new AnswerCounts();
      this.seconds.push({ name: phase.name, counts: ofSecond });
      const endMs = startMs + Math.min(second + 1, phase.seconds) * 1000;
      while (!this.stopped && clock.monotonicMs() < endMs) {
        const untilMs = Math.min(clock.monotonicMs(), endMs);
        for (; dueMs <= untilMs; dueMs += nextGap(phase.rateRps) * 1000) this.offer(request, dueMs, counts, ofSecond);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      for (; dueMs <= endMs && !this.stopped; dueMs += nextGap(phase.rateRps) * 1000) {
        this.offer(request, dueMs, counts, ofSecond);
      }
      this.reportSeconds(SERIES_LAG_SECONDS);
    }
  }

  private requestOf({ work = 1 }: Phase): () => Buffer {
    const { authority, headers } = this.options;
    return requestBytes(authority, headers, work === 1 ? {} : { [WORK_HEADER]: `${work}` });
  }

  private offer(request: () => Buffer, dueMs: number, ofPhase: AnswerCounts, ofSecond: AnswerCounts): void {
    ofPhase.offer();
    ofSecond.offer();
    const sent = this.pool.send(request(), (answer) => {
      const latencyMs = this.options.clock.monotonicMs() - dueMs;
      ofPhase.add(answer, latencyMs);
      ofSecond.add(answer, latencyMs);
      this.options.onAnswer?.(answer, latencyMs);
    });
    if (sent) return;
    ofPhase.overflowed();
    ofSecond.overflowed();
  }

  private reportSeconds(keep: number): void {
    while (this.seconds.length > keep) {
      const second = this.seconds.shift();
      if (second) this.options.onSecond?.({ name: second.name, seconds: 1, ...second.counts.totals() });
    }
  }

  /** Every call has its answer: each settles within its time-out. */
  private async drained(): Promise<void> {
    while (this.pool.underWay > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
