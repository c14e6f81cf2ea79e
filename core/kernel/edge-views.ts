import type { ReplicaView } from '../gates/replica-views.ts';
import { LATENCY_BUCKET_COUNT } from '../substrate/latency-buckets.ts';
import { fieldsOf, listOf, numberOf, numbersOf, type Plain, textOf } from '../substrate/plain-value.ts';

/** Ticks of one block. */
const BLOCK_TICKS = 10;
/** Views span the block being filled and one whole one, more of them while answers are few (MATHS §B0). */
const BLOCKS_MIN = 2;
const BLOCKS_MAX = 6;
/** With so many answers on each side a distance of 0.3 can be told from chance; no older ones are needed. */
const ENOUGH_ANSWERS = 200;
/** More nodes than this are not kept apart (MATHS §B2). */
const VIEWS_MAX = 64;

/** Answers per latency bucket; `null` = none. */
type Block = Float32Array | null;

/**
 * Latencies of one edge as each node saw them over the last 10 to 20 ticks, up to
 * 60 where answers are few: the distribution views of the gluing gate (MATHS
 * §B2a). All views span the same time, else a change of latency would look like a
 * disagreement: where a node joins, or its counters start again, all of them start anew.
 */
export class EdgeViews {
  /** Blocks of each node, the newest first. */
  readonly #nodes = new Map<string, Block[]>();
  #ticks = 0;

  /** Makes a view of a node that has answers and none yet; all views start anew with it. */
  join(node: string, latencyBuckets: readonly number[]): void {
    if (this.#nodes.has(node) || this.#nodes.size >= VIEWS_MAX || !hasAnswers(latencyBuckets)) return;
    this.restart();
    this.#nodes.set(node, [null]);
  }

  /** Adds the answers that a node with a view counted since its frame before. */
  add(node: string, latencyBuckets: readonly number[]): void {
    const blocks = this.#nodes.get(node);
    if (blocks === undefined || !hasAnswers(latencyBuckets)) return;
    const block = blocks[0] ?? new Float32Array(LATENCY_BUCKET_COUNT);
    blocks[0] = block;
    for (let k = 0; k < latencyBuckets.length; k++) block[k] = (block[k] ?? 0) + (latencyBuckets[k] ?? 0);
  }

  /** Ends a tick. */
  roll(): void {
    this.#ticks++;
    if (this.#ticks < BLOCK_TICKS) return;
    this.#ticks = 0;
    for (const [node, blocks] of this.#nodes) {
      blocks.unshift(null);
      blocks.length = Math.min(blocks.length, BLOCKS_MAX);
      if (blocks.every((block) => block === null)) this.#nodes.delete(node);
    }
  }

  restart(): void {
    this.#ticks = 0;
    for (const node of this.#nodes.keys()) this.#nodes.set(node, [null]);
  }

  /** A node that no longer reports is no view. */
  forget(node: string): void {
    this.#nodes.delete(node);
  }

  toPlain(): Plain {
    return {
      ticks: this.#ticks,
      nodes: [...this.#nodes].map(([node, blocks]) => [node, ...blocks.map((block) => [...(block ?? [])])]),
    };
  }

  /** Throws `PlainValueError`. */
  static fromPlain(plain: Plain): EdgeViews {
    const { ticks, nodes } = fieldsOf(plain);
    const views = new EdgeViews();
    views.#ticks = numberOf(ticks);
    for (const told of listOf(nodes).slice(0, VIEWS_MAX)) {
      const [node, ...blocks] = listOf(told);
      views.#nodes.set(textOf(node), blocks.slice(0, BLOCKS_MAX).map(blockOf));
    }
    return views;
  }

  get size(): number {
    return this.#nodes.size;
  }

  views(): ReplicaView[] {
    const nodes = [...this.#nodes];
    let blocks = BLOCKS_MIN;
    const isShort = (own: readonly Block[]): boolean => answers(own, BLOCKS_MAX) > answers(own, blocks);
    const isFew = (own: readonly Block[]): boolean => answers(own, blocks) < ENOUGH_ANSWERS && isShort(own);
    while (blocks < BLOCKS_MAX && nodes.some(([, own]) => isFew(own))) blocks++;
    return nodes.map(([view, own]) => ({ view, histogram: sumOf(own.slice(0, blocks)) }));
  }
}

const hasAnswers = (latencyBuckets: readonly number[]): boolean => latencyBuckets.some((count) => count > 0);

function blockOf(plain: Plain): Block {
  const counts = numbersOf(plain).slice(0, LATENCY_BUCKET_COUNT);
  if (counts.length === 0) return null;
  const block = new Float32Array(LATENCY_BUCKET_COUNT);
  block.set(counts);
  return block;
}

function sumOf(blocks: readonly Block[]): number[] {
  const sum = new Array<number>(LATENCY_BUCKET_COUNT).fill(0);
  for (const block of blocks)
    block?.forEach((count, k) => {
      sum[k] = (sum[k] ?? 0) + count;
    });
  return sum;
}

function answers(blocks: readonly Block[], count: number): number {
  let total = 0;
  for (const block of blocks.slice(0, count)) for (const each of block ?? []) total += each;
  return total;
}
