import { createServer, type Socket } from 'node:net';
import { Server, ServerCredentials, type ServerReadableStream } from '@grpc/grpc-js';
import { type ListenAddress, listen } from '../../platform/listen-address.ts';
import type { Logger } from '../../platform/logger.ts';
import {
  MetricsServiceService,
  type StreamMetricsMessage,
  type StreamMetricsResponse,
} from '../../proto/gen/envoy/service/metrics/v3/metrics_service.ts';
import { EnvoyStats } from './fold-metrics.ts';

export interface MetricsSinkOptions {
  readonly address: ListenAddress;
  /** Called once per flush of Envoy, after its last message. */
  readonly onFlush: () => void;
  readonly logger: Logger;
  /** A flush is over when nothing more comes for this long; default 20 ms. */
  readonly quietMs?: number | undefined;
}

export interface MetricsSink {
  readonly address: ListenAddress;
  readonly stats: EnvoyStats;
  readonly messageCount: number;
  stop(): Promise<void>;
}

const QUIET_MS = 20;
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
const STREAMS_MAX = 64;

/**
 * Receives Envoy's statistics (`envoy.service.metrics.v3.MetricsService`). With
 * `batch_size` a flush comes in several messages that share one timestamp: a new
 * timestamp or a short silence ends it.
 */
export async function startMetricsSink(options: MetricsSinkOptions): Promise<MetricsSink> {
  const { logger } = options;
  const flushes = new FlushDetector(options.onFlush, options.quietMs ?? QUIET_MS);
  const stats = new EnvoyStats();
  let messageCount = 0;
  const server = new Server({
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_concurrent_streams': STREAMS_MAX,
  });
  server.addService(MetricsServiceService, {
    streamMetrics: (call: ServerReadableStream<StreamMetricsMessage, StreamMetricsResponse>) => {
      call.on('data', (message: StreamMetricsMessage) => {
        messageCount += 1;
        const baseline = flushes.message(timestampOf(message));
        stats.fold(message.envoyMetrics, baseline);
      });
      call.on('error', (error) => logger.debug({ err: error }, 'a metrics stream ended'));
    },
  });
  // grpc-js would make the socket file with the mask of an unknown moment; so the listening is ours.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    socket.on('error', (error) => logger.debug({ err: error }, 'a metrics connection failed'));
    socket.on('close', () => sockets.delete(socket));
    sockets.add(socket);
    injector.injectConnection(socket);
  });
  const address = await listen(listener, options.address);
  listener.on('error', (error) => logger.error({ err: error }, 'the metrics sink failed'));
  return {
    address,
    stats,
    get messageCount() {
      return messageCount;
    },
    stop: async () => {
      flushes.stop();
      const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
      injector.destroy();
      server.forceShutdown();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
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
