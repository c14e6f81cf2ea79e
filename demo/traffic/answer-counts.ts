import { type Answer, isOk } from '../http/answer.ts';
import { LatencyHistogram } from './latency-histogram.ts';

/** A good answer later than this is no use to the caller. */
export const GOODPUT_LATENCY_MS = 1000;

export interface AnswerTotals {
  readonly offered: number;
  /** 2xx. */
  readonly ok: number;
  /** 2xx within one second. */
  readonly good: number;
  /** Answers with `x-capacity-denied`, by its value. */
  readonly refused: Readonly<Record<string, number>>;
  /** Other answers by status, and transport failures by cause. */
  readonly errors: Readonly<Record<string, number>>;
  /** Calls never sent because too many were under way. */
  readonly overflow: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** Counts the answers of one stretch of time; latencies are those of 2xx answers. */
export class AnswerCounts {
  private offered = 0;
  private ok = 0;
  private good = 0;
  private overflow = 0;
  private readonly refused: Record<string, number> = {};
  private readonly errors: Record<string, number> = {};
  private readonly latency = new LatencyHistogram();

  offer(): void {
    this.offered += 1;
  }

  overflowed(): void {
    this.overflow += 1;
  }

  add(answer: Answer, latencyMs: number): void {
    if (answer.kind === 'failed') {
      increment(this.errors, answer.cause);
    } else if (isOk(answer)) {
      this.ok += 1;
      if (latencyMs <= GOODPUT_LATENCY_MS) this.good += 1;
      this.latency.add(latencyMs);
    } else if (answer.denied !== null) {
      increment(this.refused, answer.denied);
    } else {
      increment(this.errors, String(answer.status));
    }
  }

  totals(): AnswerTotals {
    return {
      offered: this.offered,
      ok: this.ok,
      good: this.good,
      refused: { ...this.refused },
      errors: { ...this.errors },
      overflow: this.overflow,
      p50Ms: this.latency.quantileMs(0.5),
      p99Ms: this.latency.quantileMs(0.99),
    };
  }
}

export const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

function increment(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
