import type { ReplicaView } from '../gates/replica-views.ts';
import { LATENCY_BUCKET_COUNT } from '../substrate/latency-buckets.ts';
import { fieldsOf, listOf, numberOf, numbersOf, type Plain, textOf } from '../substrate/plain-value.ts';

/** Ticks of one block; views span the newest whole block and the one being filled. */
const BLOCK_TICKS = 30;
/** More nodes than this are not kept apart (MATHS §B2). */
const VIEWS_MAX = 64;

interface NodeHistogram {
  current: Float32Array;
  previous: Float32Array;
}

/**
 * Latencies of one edge as each node saw them over the last 30 to 60 ticks: the
 * distribution views of the gluing gate (MATHS §B2a). All views span the same
 * time, else a change of latency would look like a disagreement: where a node
 * joins, or its counters start again, all of them start anew.
 */
export class EdgeViews {
  readonly #nodes = new Map<string, NodeHistogram>();
  #ticks = 0;

  /** Adds the answers that a node counted since its frame before. */
  add(node: string, latencyBuckets: readonly number[]): void {
    const known = this.#nodes.get(node);
    if (known === undefined && (this.#nodes.size >= VIEWS_MAX || !latencyBuckets.some((count) => count > 0))) return;
    if (known === undefined) this.restart();
    const view = known ?? emptyHistogram();
    if (known === undefined) this.#nodes.set(node, view);
    for (let k = 0; k < LATENCY_BUCKET_COUNT; k++) {
      view.current[k] = (view.current[k] ?? 0) + (latencyBuckets[k] ?? 0);
    }
  }

  /** Ends a tick. */
  roll(): void {
    this.#ticks++;
    if (this.#ticks < BLOCK_TICKS) return;
    this.#ticks = 0;
    for (const [node, view] of this.#nodes) {
      if (isEmpty(view.current) && isEmpty(view.previous)) this.#nodes.delete(node);
      const oldest = view.previous;
      view.previous = view.current;
      view.current = oldest.fill(0);
    }
  }

  restart(): void {
    this.#ticks = 0;
    for (const view of this.#nodes.values()) {
      view.current.fill(0);
      view.previous.fill(0);
    }
  }

  /** A node that no longer reports is no view. */
  forget(node: string): void {
    this.#nodes.delete(node);
  }

  toPlain(): Plain {
    return {
      ticks: this.#ticks,
      nodes: [...this.#nodes].map(([node, { current, previous }]) => [node, [...current], [...previous]]),
    };
  }

  /** Throws `PlainValueError`. */
  static fromPlain(plain: Plain): EdgeViews {
    const { ticks, nodes } = fieldsOf(plain);
    const views = new EdgeViews();
    views.#ticks = numberOf(ticks);
    for (const told of listOf(nodes).slice(0, VIEWS_MAX)) {
      const [node, current, previous] = listOf(told);
      views.#nodes.set(textOf(node), { current: histogram(current), previous: histogram(previous) });
    }
    return views;
  }

  get size(): number {
    return this.#nodes.size;
  }

  views(): ReplicaView[] {
    return [...this.#nodes].map(([view, { current, previous }]) => ({
      view,
      histogram: Array.from(current, (count, k) => count + (previous[k] ?? 0)),
    }));
  }
}

const emptyHistogram = (): NodeHistogram => ({
  current: new Float32Array(LATENCY_BUCKET_COUNT),
  previous: new Float32Array(LATENCY_BUCKET_COUNT),
});

function histogram(plain: Plain | undefined): Float32Array {
  const counts = new Float32Array(LATENCY_BUCKET_COUNT);
  counts.set(numbersOf(plain).slice(0, LATENCY_BUCKET_COUNT));
  return counts;
}

const isEmpty = (histogram: Float32Array): boolean => histogram.every((count) => count === 0);
