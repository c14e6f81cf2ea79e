import type { EdgeLedger } from '../../core/admission/edge-ledger.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { ResourceSample } from '../../proto/gen/capmesh/v1/telemetry.ts';
import type { EnvoyStats } from '../sinks/fold-metrics.ts';
import { collectEdges, splitFrame } from './build-frame.ts';

/** Where frames go; throws or answers false where they cannot go now. */
export type PublishFrame = (part: Uint8Array) => boolean;

export interface ReporterOptions {
  readonly mesh: string;
  readonly node: string;
  /** Changes with every start of the sidecar, since the counters start from zero. */
  readonly instance: string;
  readonly ledger: EdgeLedger;
  readonly stats: () => EnvoyStats;
  readonly clock: Clock;
  readonly publish: PublishFrame;
  readonly sampleResources: () => Promise<ResourceSample | undefined>;
  readonly logger: Logger;
  /** A frame is sent at the latest so long after the one before; default 1.25 s. */
  readonly silenceMs?: number | undefined;
}

const SILENCE_MS = 1250;

/**
 * Sends what this node saw: one frame per flush of Envoy, and one by itself when
 * Envoy is silent. A frame that cannot be sent is dropped and counted, never
 * queued: counters are cumulative, so the next one tells the same.
 */
export class Reporter {
  sent = 0;
  dropped = 0;
  readonly #options: ReporterOptions;
  #timer: NodeJS.Timeout | null = null;
  #seq = 0;
  #sending = false;
  #lastWallMs: number;
  #lastMs: number;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#lastWallMs = options.clock.wallMs();
    this.#lastMs = options.clock.monotonicMs();
  }

  start(): void {
    this.#timer = setInterval(() => this.flush(), this.#options.silenceMs ?? SILENCE_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Sends a frame now, unless one is being sent. */
  flush(): void {
    if (this.#sending || this.#timer === null) return;
    this.#timer.refresh();
    this.#sending = true;
    this.#send()
      .catch((error: unknown) => this.#options.logger.error({ err: error }, 'a frame could not be built'))
      .finally(() => {
        this.#sending = false;
      });
  }

  async #send(): Promise<void> {
    const { mesh, node, instance, ledger, stats, clock, sampleResources } = this.#options;
    const resources = await sampleResources();
    const wallMs = clock.wallMs();
    const nowMs = clock.monotonicMs();
    this.#seq += 1;
    const head = {
      mesh,
      node,
      instance,
      seq: this.#seq,
      startMs: Math.round(this.#lastWallMs),
      endMs: Math.round(wallMs),
      durationMs: nowMs - this.#lastMs,
      leaseSeq: ledger.leaseSeq,
    };
    this.#lastWallMs = wallMs;
    this.#lastMs = nowMs;
    const parts = splitFrame(head, collectEdges(ledger, stats(), nowMs), resources);
    if (parts.every((part) => this.#publish(part))) this.sent += 1;
    else this.dropped += 1;
  }

  #publish(part: Uint8Array): boolean {
    try {
      return this.#options.publish(part);
    } catch (error) {
      this.#options.logger.debug({ err: error }, 'a frame could not be sent');
      return false;
    }
  }
}
