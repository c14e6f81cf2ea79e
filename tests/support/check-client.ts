import { once } from 'node:events';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { CHECK_PATH } from '../../ext-authz/check/check-server.ts';
import type { ListenAddress } from '../../platform/listen-address.ts';
import { grpcFrame } from './grpc-frame.ts';

export interface GrpcAnswer {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A plain HTTP/2 client of the check server. */
export class CheckClient {
  readonly session: ClientHttp2Session;

  constructor(address: ListenAddress) {
    this.session =
      'path' in address
        ? connect('http://localhost', { createConnection: () => connectSocket(address.path) })
        : connect(`http://${address.host}:${address.port}`);
    this.session.on('error', () => {});
  }

  /** Sends a message in one gRPC frame. */
  check(message: Uint8Array): Promise<GrpcAnswer> {
    return this.send(grpcFrame(message));
  }

  /** Sends a body as it is; more than one part goes out in as many DATA frames. */
  async send(body: Uint8Array | readonly Uint8Array[], headers: IncomingHttpHeaders = {}): Promise<GrpcAnswer> {
    const stream = this.session.request({
      ':method': 'POST',
      ':path': CHECK_PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const chunks: Buffer[] = [];
    let responseHeaders: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    stream.on('response', (received) => {
      responseHeaders = received;
    });
    stream.on('trailers', (received) => {
      trailers = received;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    for (const part of body instanceof Uint8Array ? [body] : body) stream.write(part);
    stream.end();
    await once(stream, 'close');
    return { headers: responseHeaders, trailers, body: Buffer.concat(chunks) };
  }

  async close(): Promise<void> {
    if (this.session.destroyed) return;
    const closed = once(this.session, 'close');
    this.session.close();
    await closed;
  }
}
