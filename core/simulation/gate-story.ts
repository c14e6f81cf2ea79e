import type { GateVerdict } from '../gates/gate-state.ts';
import { LogHistogram } from './log-histogram.ts';

/** How one gate of a mesh stood, over ticks. Each tick counts once, as its worst service. */
export interface GateReport {
  /** Largest ratio u of any service in any tick; `null` while none could be computed. */
  readonly worstRatio: number | null;
  /** Median over ticks of the largest u of any service, to 1 %; `null` with it. */
  readonly medianRatio: number | null;
  /** Where the worst was: the service, and after a blank the edge or tenant where there is one. */
  readonly worst: string;
  readonly ticks: number;
  /** Ticks in which the gate of some service was FAIL. */
  readonly failedTicks: number;
  /** Ticks without a FAIL in which it was UNKNOWN for some service. */
  readonly unknownTicks: number;
}

export interface JudgedService {
  readonly service: string;
  readonly verdict: GateVerdict;
}

/** What one gate said in the ticks of a simulation: how often it failed, the quantiles of u, and the worst u with its service. */
export class GateStory {
  readonly #ratios = new LogHistogram();
  #worstRatio = -1;
  #worst = '';
  #ticks = 0;
  #failedTicks = 0;
  #unknownTicks = 0;

  note(services: readonly JudgedService[]): void {
    let largest = -1;
    let failed = false;
    let unknown = false;
    for (const { service, verdict } of services) {
      failed ||= verdict.status === 'FAIL';
      unknown ||= verdict.status === 'UNKNOWN';
      const ratio = verdict.ratio ?? -1;
      if (ratio > largest) largest = ratio;
      if (ratio > this.#worstRatio) {
        this.#worstRatio = ratio;
        this.#worst = `${service} ${verdict.worst}`.trim();
      }
    }
    this.#ticks++;
    if (failed) this.#failedTicks++;
    else if (unknown) this.#unknownTicks++;
    if (largest >= 0) this.#ratios.add(largest);
  }

  report(): GateReport {
    const judged = this.#ratios.count > 0;
    return {
      worstRatio: judged ? this.#worstRatio : null,
      medianRatio: judged ? this.#ratios.quantile(0.5) : null,
      worst: this.#worst,
      ticks: this.#ticks,
      failedTicks: this.#failedTicks,
      unknownTicks: this.#unknownTicks,
    };
  }

  restart(): void {
    this.#ratios.clear();
    this.#worstRatio = -1;
    this.#worst = '';
    this.#ticks = 0;
    this.#failedTicks = 0;
    this.#unknownTicks = 0;
  }
}
