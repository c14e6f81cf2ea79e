import type { Agenda } from './agenda.ts';
import type { CallRoute } from './call-route.ts';

/** A number, or what it is at a second of the story. */
export type InTime = number | ((sec: number) => number);

export interface CallSource {
  readonly route: CallRoute;
  /** Calls per second. */
  rateRps: (sec: number) => number;
  /** Work of a call in units of the service's own. */
  work: (sec: number) => number;
  /** What it was when the second began. */
  workNow: number;
  /** When the calls of this second come. */
  readonly atSec: number[];
  /** How many there are, and how many have come. */
  count: number;
  arrived: number;
}

/** What is the same at every second, as a function of it. */
export const inTime = (value: InTime): ((sec: number) => number) => (typeof value === 'number' ? () => value : value);

/** Callers from outside; their calls are Poisson streams whose rates may change from second to second. */
export class CallSources {
  readonly #random: () => number;
  readonly #agenda: Agenda;
  readonly #arrive: (nowSec: number, source: CallSource) => void;
  readonly #sources = new Map<CallRoute, CallSource>();

  constructor(random: () => number, agenda: Agenda, arrive: (nowSec: number, source: CallSource) => void) {
    this.#random = random;
    this.#agenda = agenda;
    this.#arrive = arrive;
  }

  /** Sets what a workload offers a service from the next second on. */
  set(route: CallRoute, rateRps: InTime, work: InTime): void {
    const known = this.#sources.get(route);
    if (known) {
      known.rateRps = inTime(rateRps);
      known.work = inTime(work);
      return;
    }
    this.#sources.set(route, {
      route,
      rateRps: inTime(rateRps),
      work: inTime(work),
      workNow: 1,
      atSec: [],
      count: 0,
      arrived: 0,
    });
  }

  /** Draws all calls of the second that begins now; a Poisson stream forgets, so each second may have a rate of its own. */
  beginSecond(sec: number): void {
    for (const source of this.#sources.values()) {
      source.workNow = source.work(sec);
      source.count = 0;
      source.arrived = 0;
      const rateRps = source.rateRps(sec);
      if (!(rateRps > 0)) continue;
      const waitSec = (): number => -Math.log(1 - this.#random()) / rateRps;
      for (let atSec = sec + waitSec(); atSec < sec + 1; atSec += waitSec()) source.atSec[source.count++] = atSec;
      this.#expect(source);
    }
  }

  /** Puts the next call down; one at a time, so that the agenda stays short. */
  #expect(source: CallSource): void {
    if (source.arrived < source.count) this.#agenda.add(source.atSec[source.arrived] ?? 0, this.#due, source);
  }

  readonly #due = (nowSec: number, source: CallSource): void => {
    source.arrived++;
    this.#expect(source);
    this.#arrive(nowSec, source);
  };
}
