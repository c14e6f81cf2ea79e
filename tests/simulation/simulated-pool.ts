interface Worker {
  readonly endpoint: number;
  /** When it is free again. */
  freeSec: number;
  /** Until then its calls take longer by the pool's `coldFactor`. */
  readonly coldUntilSec: number;
}

/** Endpoints with some workers each and one queue in front, first come, first served. What becomes of a call is known at its arrival. */
export class SimulatedPool {
  /** How many times longer every call takes. */
  slowness = 1;
  readonly #workersPerEndpoint: number;
  #workers: Worker[] = [];

  constructor(endpoints: number, workersPerEndpoint: number) {
    this.#workersPerEndpoint = workersPerEndpoint;
    for (let endpoint = 0; endpoint < endpoints; endpoint++) this.startEndpoint(endpoint, 0);
  }

  /** Takes no new calls; those that it has are answered. */
  stopEndpoint(endpoint: number): void {
    this.#workers = this.#workers.filter((worker) => worker.endpoint !== endpoint);
  }

  /** @param coldSec for which its calls take twice as long */
  startEndpoint(endpoint: number, nowSec: number, coldSec = 0): void {
    for (let i = 0; i < this.#workersPerEndpoint; i++) {
      this.#workers.push({ endpoint, freeSec: nowSec, coldUntilSec: nowSec + coldSec });
    }
  }

  /** When a call is answered; Infinity if it leaves the queue unserved, after its patience. */
  finishSec(nowSec: number, workSec: number, patienceSec: number): number {
    let next: Worker | undefined;
    for (const worker of this.#workers) if (next === undefined || worker.freeSec < next.freeSec) next = worker;
    if (next === undefined) return Number.POSITIVE_INFINITY;
    const startSec = Math.max(nowSec, next.freeSec);
    if (startSec - nowSec >= patienceSec) return Number.POSITIVE_INFINITY;
    const coldFactor = startSec < next.coldUntilSec ? 2 : 1;
    next.freeSec = startSec + workSec * this.slowness * coldFactor;
    return next.freeSec;
  }
}
