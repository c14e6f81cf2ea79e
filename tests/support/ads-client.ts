import { type ClientDuplexStream, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import type { XdsServer } from '../../control-plane/xds/xds-server.ts';
import { AggregatedDiscoveryServiceClient } from '../../proto/gen/envoy/service/discovery/v3/ads.ts';
import {
  DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  DiscoveryRequest,
  type DiscoveryResponse,
} from '../../proto/gen/envoy/service/discovery/v3/discovery.ts';

export interface XdsEndpoint {
  readonly address: string;
  readonly port: number;
  stop(): void;
}

/** Serves ADS on a loopback port; 0 = a free one. */
export async function serveXds(xds: XdsServer, atPort = 0): Promise<XdsEndpoint> {
  const server = new Server();
  xds.addTo(server);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${atPort}`, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    port,
    stop: () => {
      xds.close();
      server.forceShutdown();
    },
  };
}

/** A raw ADS stream: what comes is queued until the test takes it. */
export class AdsStream<Request, Response> {
  readonly #stream: ClientDuplexStream<Request, Response>;
  readonly #client: AggregatedDiscoveryServiceClient;
  readonly #queue: Response[] = [];
  readonly #waiting: ((response: Response) => void)[] = [];
  /** Resolves with the gRPC status code when the stream is over. */
  readonly over: Promise<number>;

  constructor(client: AggregatedDiscoveryServiceClient, stream: ClientDuplexStream<Request, Response>) {
    this.#client = client;
    this.#stream = stream;
    stream.on('data', (response: Response) => {
      const taker = this.#waiting.shift();
      if (taker === undefined) this.#queue.push(response);
      else taker(response);
    });
    stream.on('error', () => {});
    this.over = new Promise((resolve) => stream.on('status', ({ code }) => resolve(code)));
  }

  send(request: Request): void {
    this.#stream.write(request);
  }

  next(): Promise<Response> {
    const queued = this.#queue.shift();
    return queued === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(queued);
  }

  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }
}

export function deltaStream(address: string): AdsStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse> {
  const client = new AggregatedDiscoveryServiceClient(address, credentials.createInsecure());
  return new AdsStream(client, client.deltaAggregatedResources());
}

export function sotwStream(address: string): AdsStream<DiscoveryRequest, DiscoveryResponse> {
  const client = new AggregatedDiscoveryServiceClient(address, credentials.createInsecure());
  return new AdsStream(client, client.streamAggregatedResources());
}

export const deltaRequest = DeltaDiscoveryRequest.fromPartial;
export const sotwRequest = DiscoveryRequest.fromPartial;
