import { LogHistogram } from './log-histogram.ts';
import type { Outcome } from './outcome.ts';

/** What became of the calls from outside, each with all of its attempts, since the watch began. */
export class CallTotals {
  offered = 0;
  good = 0;
  /** Given up after an error, or without a connection. */
  failed = 0;
  timeouts = 0;
  /** Given up after Capmesh had refused the last attempt. */
  refused = 0;
  /** Not begun, as too many were under way (`CALLS_MAX`). */
  dropped = 0;
  /** From the first attempt to a good end, ms. */
  readonly latenciesMs = new LogHistogram();

  ended(outcome: Outcome, latencyMs: number): void {
    if (outcome === 'good') {
      this.good++;
      this.latenciesMs.add(latencyMs);
    } else if (outcome === 'timeout') this.timeouts++;
    else if (outcome === 'refused' || outcome === 'forbidden') this.refused++;
    else this.failed++;
  }

  restart(): void {
    this.offered = 0;
    this.good = 0;
    this.failed = 0;
    this.timeouts = 0;
    this.refused = 0;
    this.dropped = 0;
    this.latenciesMs.clear();
  }
}
