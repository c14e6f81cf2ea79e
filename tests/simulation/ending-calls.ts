/** What becomes of a call. */
export interface EndingCall {
  readonly endSec: number;
  readonly latencyMs: number;
  readonly outcome: 'good' | 'failed' | 'timeout';
}

/** Calls in flight, the one that ends first on top (a binary heap). */
export class EndingCalls {
  readonly #heap: EndingCall[] = [];

  get size(): number {
    return this.#heap.length;
  }

  push(call: EndingCall): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(call);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.endSec <= call.endSec) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = call;
  }

  /** Takes out the call that ends first, if it has ended by now. */
  popEnded(nowSec: number): EndingCall | null {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.endSec > nowSec) return null;
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.#sink(last);
    return first;
  }

  /** Puts a call in at the top and lets it sink to its place. */
  #sink(call: EndingCall): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const right = heap[child + 1];
      if (right !== undefined && right.endSec < (heap[child]?.endSec ?? 0)) child++;
      const below = heap[child];
      if (below === undefined || below.endSec >= call.endSec) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = call;
  }
}
