import type { StreamMetricsMessage } from '../../proto/gen/envoy/service/metrics/v3/metrics_service.ts';
import { EnvoyStats } from './fold-metrics.ts';

const QUIET_MS = 20;

/**
 * Folds Envoy's statistics. With `batch_size` a flush comes in several messages
 * that share one timestamp: a new timestamp or a short silence ends it.
 */
export class MetricsSink {
  readonly stats = new EnvoyStats();
  messageCount = 0;
  readonly #flushes: FlushDetector;

  constructor(onFlush: () => void, quietMs = QUIET_MS) {
    this.#flushes = new FlushDetector(onFlush, quietMs);
  }

  take(message: StreamMetricsMessage): void {
    this.messageCount += 1;
    const baseline = this.#flushes.message(timestampOf(message));
    this.stats.fold(message.envoyMetrics, baseline);
  }

  stop(): void {
    this.#flushes.stop();
  }
}

/** Tells where one flush ends and which one is the first. */
class FlushDetector {
  readonly #onFlush: () => void;
  readonly #quietMs: number;
  #timer: NodeJS.Timeout | null = null;
  #timestampMs = 0;
  #flushCount = 0;

  constructor(onFlush: () => void, quietMs: number) {
    this.#onFlush = onFlush;
    this.#quietMs = quietMs;
  }

  /** Notes a message of the flush at `timestampMs`; answers whether it belongs to the first flush. */
  message(timestampMs: number): boolean {
    if (this.#timer !== null && timestampMs !== 0 && timestampMs !== this.#timestampMs) this.#end();
    if (timestampMs !== 0) this.#timestampMs = timestampMs;
    if (this.#timer === null) this.#timer = setTimeout(() => this.#end(), this.#quietMs);
    else this.#timer.refresh();
    return this.#flushCount === 0;
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #end(): void {
    this.stop();
    this.#flushCount += 1;
    this.#onFlush();
  }
}

function timestampOf(message: StreamMetricsMessage): number {
  for (const family of message.envoyMetrics) {
    const timestampMs = family.metric[0]?.timestampMs;
    if (timestampMs !== undefined) return timestampMs;
  }
  return 0;
}
