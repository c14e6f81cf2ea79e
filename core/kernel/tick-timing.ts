/** A node without a frame for this long is not waited for. */
const LIVE_MS = 3000;
/** A tick comes at the latest this long after the one before. */
export const TICK_INTERVAL_MAX_MS = 1250;
/** Two ticks are at least this far apart, so that a frame sent early does not make a tick of its own. */
const TICK_INTERVAL_MIN_MS = 500;
const NODES_MAX = 4096;

/**
 * Says when the kernel ticks: when every live node has sent a frame since the
 * last tick, at the latest 1.25 s after it. Times are monotonic milliseconds.
 */
export class TickTiming {
  readonly #lastFrameMs = new Map<string, number>();
  #lastTickMs: number;

  constructor(nowMs: number) {
    this.#lastTickMs = nowMs;
  }

  /** The last part of a node's frame is here. */
  frameArrived(node: string, nowMs: number): void {
    if (this.#lastFrameMs.has(node) || this.#lastFrameMs.size < NODES_MAX) this.#lastFrameMs.set(node, nowMs);
  }

  isDue(nowMs: number): boolean {
    const elapsedMs = nowMs - this.#lastTickMs;
    if (elapsedMs >= TICK_INTERVAL_MAX_MS) return true;
    const live = [...this.#lastFrameMs.values()].filter((frameMs) => nowMs - frameMs < LIVE_MS);
    return elapsedMs >= TICK_INTERVAL_MIN_MS && live.length > 0 && live.every((frameMs) => frameMs > this.#lastTickMs);
  }

  /** How long until a tick is due even if no frame comes. */
  untilDeadlineMs(nowMs: number): number {
    return Math.max(0, this.#lastTickMs + TICK_INTERVAL_MAX_MS - nowMs);
  }

  ticked(nowMs: number): void {
    this.#lastTickMs = nowMs;
    for (const [node, frameMs] of this.#lastFrameMs) {
      if (nowMs - frameMs >= LIVE_MS) this.#lastFrameMs.delete(node);
    }
  }
}
