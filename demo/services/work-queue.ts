import type { Clock } from '../../platform/clock.ts';

export interface WorkQueueOptions {
  /** Calls served at the same time, at least 1. */
  readonly workers: number;
  /** Time one call takes alone, ms. */
  readonly serviceMs: number;
  /** Slow-down per call present at arrival and worker: service time × (1 + thrash · present / workers). */
  readonly thrash: number;
  /** Multiplier of the service time of one call, mean 1; `() => 1` = fixed. */
  readonly draw: () => number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly delay: (afterMs: number, then: () => void) => void;
}

interface WaitingCall {
  readonly serviceMs: number;
  readonly done: () => void;
  left: boolean;
}

/**
 * A service of fixed capacity: k workers and an unbounded first-in first-out
 * queue, slower the longer the queue is. Under overload it does what a database
 * behind a connection pool does: everybody waits, and all get slower.
 *
 * A worker that finds the queue filled starts its next call at the instant the
 * last one should have ended, so coarse timers do not lower the capacity.
 */
export class WorkQueue {
  private readonly options: WorkQueueOptions;
  private readonly waiting: WaitingCall[] = [];
  private head = 0;
  private busy = 0;
  private presentCount = 0;

  constructor(options: WorkQueueOptions) {
    this.options = options;
  }

  /** Calls waiting or in service. */
  get present(): number {
    return this.presentCount;
  }

  /**
   * Queues one call; `done` runs when its work is finished, which takes `work`
   * times as long as that of an ordinary call. The returned function takes a
   * call that still waits out of the queue; one in service keeps its worker to the
   * end, and `done` runs then.
   */
  enter(done: () => void, work = 1): () => void {
    const { workers, serviceMs, thrash, draw, clock } = this.options;
    this.presentCount += 1;
    const call: WaitingCall = {
      serviceMs: work * serviceMs * (1 + (thrash * this.presentCount) / workers) * draw(),
      done,
      left: false,
    };
    if (this.busy < workers) {
      this.serve(call, clock.monotonicMs());
      return () => {};
    }
    this.waiting.push(call);
    return () => this.leave(call);
  }

  private leave(call: WaitingCall): void {
    if (call.left) return;
    call.left = true;
    this.presentCount -= 1;
  }

  private serve(call: WaitingCall, startMs: number): void {
    const endMs = startMs + call.serviceMs;
    call.left = true;
    this.busy += 1;
    this.options.delay(Math.max(0, endMs - this.options.clock.monotonicMs()), () => this.finish(call, endMs));
  }

  private finish(call: WaitingCall, endMs: number): void {
    this.busy -= 1;
    this.presentCount -= 1;
    const next = this.nextWaiting();
    if (next) this.serve(next, endMs);
    call.done();
  }

  private nextWaiting(): WaitingCall | undefined {
    while (this.head < this.waiting.length) {
      const call = this.waiting[this.head] as WaitingCall;
      this.head += 1;
      if (this.head > 1024 && this.head * 2 > this.waiting.length) {
        this.waiting.splice(0, this.head);
        this.head = 0;
      }
      if (!call.left) return call;
    }
    return undefined;
  }
}
