import { Server, ServerCredentials } from '@grpc/grpc-js';

/** Takes spans as an OpenTelemetry collector does and remembers what came, undecoded. */
export interface SpanCollector {
  readonly address: string;
  /** Encoded `ExportTraceServiceRequest`s. */
  readonly exports: readonly Buffer[];
  stop(): void;
}

const EXPORT = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

export async function startSpanCollector(): Promise<SpanCollector> {
  const exports: Buffer[] = [];
  const server = new Server();
  const asIs = (bytes: Buffer): Buffer => bytes;
  server.addService(
    {
      export: {
        path: EXPORT,
        requestStream: false,
        responseStream: false,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    },
    {
      export: (call: { request: Buffer }, done: (error: null, answer: Buffer) => void) => {
        exports.push(call.request);
        done(null, Buffer.alloc(0));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { address: `127.0.0.1:${port}`, exports, stop: () => server.forceShutdown() };
}
