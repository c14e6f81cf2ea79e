/** Workers with one queue, first come, first served. Latencies are known at arrival. */
export class SimulatedPool {
  /** When each worker is free again, s. */
  #freeSec: Float64Array;

  constructor(workers: number) {
    this.#freeSec = new Float64Array(workers);
  }

  /** New instances: nothing waits, the number of workers may change. */
  restart(workers: number, nowSec: number): void {
    this.#freeSec = new Float64Array(workers).fill(nowSec);
  }

  /** When a call that arrives now is answered. */
  finishSec(nowSec: number, workSec: number): number {
    const free = this.#freeSec;
    let first = 0;
    for (let i = 1; i < free.length; i++) {
      if ((free[i] ?? 0) < (free[first] ?? 0)) first = i;
    }
    const finish = Math.max(nowSec, free[first] ?? 0) + workSec;
    free[first] = finish;
    return finish;
  }
}
