import type { RefusalReason } from '../admission/refusal-reason.ts';
import { LogHistogram } from './log-histogram.ts';

/** What the callers of an edge saw since the watch began. */
export class EdgeStory {
  readonly workload: string;
  readonly service: string;
  /** First attempts. */
  offered = 0;
  /** Attempts after the first. */
  retries = 0;
  /** Attempts answered in time, with errors too. */
  answered = 0;
  /** Those of them without an error. */
  good = 0;
  /** Attempts that found no connection, or no Envoy that is ready. */
  unreachable = 0;
  timeouts = 0;
  /** Attempts turned away by Capmesh, by reason. */
  refused: Partial<Record<RefusalReason, number>> = {};
  /** Of the answers, ms. */
  readonly latenciesMs = new LogHistogram();
  /** Of the answers of the second that runs, ms; only where somebody looks at seconds. */
  newestMs: LogHistogram | null = null;

  constructor(workload: string, service: string) {
    this.workload = workload;
    this.service = service;
  }

  refuse(reason: RefusalReason): void {
    this.refused[reason] = (this.refused[reason] ?? 0) + 1;
  }

  answer(latencyMs: number, good: boolean): void {
    this.answered++;
    if (good) this.good++;
    this.latenciesMs.add(latencyMs);
    this.newestMs?.add(latencyMs);
  }

  get refusedTotal(): number {
    return Object.values(this.refused).reduce((sum, count) => sum + count, 0);
  }

  restart(): void {
    this.offered = 0;
    this.retries = 0;
    this.answered = 0;
    this.good = 0;
    this.unreachable = 0;
    this.timeouts = 0;
    this.refused = {};
    this.latenciesMs.clear();
  }
}
