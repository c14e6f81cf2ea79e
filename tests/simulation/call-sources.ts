/** A number, or what it is at a second of the story. */
export type InTime = number | ((sec: number) => number);

export interface CallSource {
  readonly workload: string;
  readonly service: string;
  /** Calls per second. */
  readonly rateRps: (sec: number) => number;
  /** Work of a call in units of the service's own. */
  readonly work: (sec: number) => number;
}

export interface Arrival {
  readonly atSec: number;
  readonly source: CallSource;
}

const inTime = (value: InTime): ((sec: number) => number) => (typeof value === 'number' ? () => value : value);

/** Callers from outside; their calls are Poisson streams. */
export class CallSources {
  readonly #random: () => number;
  readonly #sources = new Map<string, CallSource>();

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Sets what a workload offers a service from now on. */
  set(workload: string, service: string, rateRps: InTime, work: InTime): void {
    this.#sources.set(`${workload}/${service}`, { workload, service, rateRps: inTime(rateRps), work: inTime(work) });
  }

  /** All calls that arrive in one second, in order; rates may change between seconds. */
  arrivals(sec: number): Arrival[] {
    const calls: Arrival[] = [];
    for (const source of this.#sources.values()) {
      const rate = source.rateRps(sec);
      if (!(rate > 0)) continue;
      const nextSec = (fromSec: number): number => fromSec - Math.log(1 - this.#random()) / rate;
      for (let atSec = nextSec(sec); atSec < sec + 1; atSec = nextSec(atSec)) calls.push({ atSec, source });
    }
    return calls.sort((a, b) => a.atSec - b.atSec);
  }
}
