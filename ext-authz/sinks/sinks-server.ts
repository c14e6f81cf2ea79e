import { createServer, type Socket } from 'node:net';
import { Server, ServerCredentials, type ServerReadableStream } from '@grpc/grpc-js';
import { type ListenAddress, listen } from '../../platform/listen-address.ts';
import type { Logger } from '../../platform/logger.ts';
import { type OperationsServer, OperationsService } from '../../proto/gen/capmesh/v1/operation_service.ts';
import type { HTTPAccessLogEntry } from '../../proto/gen/envoy/data/accesslog/v3/accesslog.ts';
import {
  AccessLogServiceService,
  type StreamAccessLogsMessage,
  type StreamAccessLogsResponse,
} from '../../proto/gen/envoy/service/accesslog/v3/als.ts';
import {
  MetricsServiceService,
  type StreamMetricsMessage,
  type StreamMetricsResponse,
} from '../../proto/gen/envoy/service/metrics/v3/metrics_service.ts';
import type { EnvoyStats } from './fold-metrics.ts';
import { MetricsSink } from './metrics-sink.ts';

export interface SinksOptions {
  readonly address: ListenAddress;
  /** Called once per flush of Envoy, after its last message. */
  readonly onFlush: () => void;
  /** Called for every call that had reserved something, once it is over. */
  readonly onCallEnd: (entry: HTTPAccessLogEntry) => void;
  /** Answers workloads whose operations pass no Envoy. */
  readonly operations: OperationsServer;
  readonly logger: Logger;
  /** A flush is over when nothing more comes for this long; default 20 ms. */
  readonly quietMs?: number | undefined;
}

export interface Sinks {
  readonly address: ListenAddress;
  readonly stats: EnvoyStats;
  /** Messages of the metrics sink. */
  readonly messageCount: number;
  stop(): Promise<void>;
}

const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
const STREAMS_MAX = 64;

/**
 * Everything but the checks of calls: what Envoy tells by itself, its statistics
 * (`envoy.service.metrics.v3.MetricsService`) and the ends of calls that had reserved
 * something (`envoy.service.accesslog.v3.AccessLogService`), and what workloads ask
 * about operations (`capmesh.v1.Operations`).
 */
export async function startSinks(options: SinksOptions): Promise<Sinks> {
  const { logger, onCallEnd } = options;
  const metrics = new MetricsSink(options.onFlush, options.quietMs);
  const server = new Server({
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_concurrent_streams': STREAMS_MAX,
  });
  server.addService(MetricsServiceService, {
    streamMetrics: (call: ServerReadableStream<StreamMetricsMessage, StreamMetricsResponse>) => {
      call.on('data', (message: StreamMetricsMessage) => metrics.take(message));
      call.on('error', (error) => logger.debug({ err: error }, 'a metrics stream ended'));
    },
  });
  server.addService(AccessLogServiceService, {
    streamAccessLogs: (call: ServerReadableStream<StreamAccessLogsMessage, StreamAccessLogsResponse>) => {
      call.on('data', ({ logEntries }: StreamAccessLogsMessage) => {
        if (logEntries?.$case === 'httpLogs') logEntries.value.logEntry.forEach(onCallEnd);
      });
      call.on('error', (error) => logger.debug({ err: error }, 'an access log stream ended'));
    },
  });
  server.addService(OperationsService, options.operations);
  // grpc-js would make the socket file with the mask of an unknown moment; so the listening is ours.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    socket.on('error', (error) => logger.debug({ err: error }, 'a sink connection failed'));
    socket.on('close', () => sockets.delete(socket));
    sockets.add(socket);
    injector.injectConnection(socket);
  });
  const address = await listen(listener, options.address);
  listener.on('error', (error) => logger.error({ err: error }, 'the sinks server failed'));
  return {
    address,
    stats: metrics.stats,
    get messageCount() {
      return metrics.messageCount;
    },
    stop: async () => {
      metrics.stop();
      const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
      injector.destroy();
      server.forceShutdown();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
