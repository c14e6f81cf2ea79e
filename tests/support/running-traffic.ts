import { AnswerCounts, type AnswerTotals } from '../../demo/traffic/answer-counts.ts';
import type { PhaseReport, TrafficSource } from '../../demo/traffic/traffic-source.ts';
import { type Offer, sourceOf } from './offer-traffic.ts';

/** Longer than any test. */
const SECONDS_MAX = 3_600;

/** Traffic at an even rate that goes on until it is stopped. */
export class RunningTraffic {
  readonly #source: TrafficSource;
  readonly #run: Promise<PhaseReport[]>;
  #counts = new AnswerCounts();

  constructor(offer: Omit<Offer, 'phases'>, rateRps: number) {
    const phases = [{ name: 'running', seconds: SECONDS_MAX, rateRps }];
    this.#source = sourceOf({ ...offer, phases }, (answer, latencyMs) => this.#counts.add(answer, latencyMs));
    this.#run = this.#source.run();
  }

  /** Answers since it was asked last. */
  take(): AnswerTotals {
    const totals = this.#counts.totals();
    this.#counts = new AnswerCounts();
    return totals;
  }

  async stop(): Promise<void> {
    this.#source.stop();
    await this.#run;
  }
}
