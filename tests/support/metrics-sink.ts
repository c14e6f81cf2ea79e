import { Server, ServerCredentials, type ServerReadableStream } from '@grpc/grpc-js';
import {
  MetricsServiceService,
  type StreamMetricsMessage,
} from '../../proto/gen/envoy/service/metrics/v3/metrics_service.ts';
import type { MetricFamily } from '../../proto/gen/io/prometheus/client/metrics.ts';

export interface MetricsSink {
  readonly port: number;
  /** In the order of arrival. */
  readonly all: readonly MetricFamily[];
  stop(): void;
}

/** Receives Envoy's statistics, as the sidecar does. */
export async function startMetricsSink(): Promise<MetricsSink> {
  const all: MetricFamily[] = [];
  const server = new Server();
  server.addService(MetricsServiceService, {
    streamMetrics: (call: ServerReadableStream<StreamMetricsMessage, unknown>) => {
      call.on('data', ({ envoyMetrics }: StreamMetricsMessage) => {
        for (const family of envoyMetrics) {
          all.push(family);
        }
      });
      call.on('error', () => {});
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { port, all, stop: () => server.forceShutdown() };
}
