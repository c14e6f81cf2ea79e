import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2';
import { status } from '@grpc/grpc-js';
import { grpcFrame, grpcMessage } from './grpc-frame.ts';

/** A method as ts-proto describes it to grpc-js. */
export interface UnaryMethod<Request, Answer> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Answer;
}

/** A call that was not answered; `code` is its gRPC status. */
export class UnaryCallError extends Error {
  override readonly name = 'UnaryCallError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Unary gRPC calls over one connection, with no more work for its process than
 * HTTP/2 is: for requesters that share a machine with what they measure.
 */
export class UnaryClient {
  readonly #session: ClientHttp2Session;

  /** @param origin such as `http://127.0.0.1:8080` */
  constructor(origin: string) {
    this.#session = connect(origin);
    // Every call under way says so itself.
    this.#session.on('error', () => {});
  }

  /** Rejects with a `UnaryCallError`. */
  call<Request, Answer>(
    { path, requestSerialize, responseDeserialize }: UnaryMethod<Request, Answer>,
    request: Request,
    authorization: string,
    timeoutMs: number,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const stream = this.#open(path, authorization, timeoutMs);
      if (stream === null) {
        reject(new UnaryCallError(status.UNAVAILABLE, 'the connection is closed'));
        return;
      }
      const chunks: Buffer[] = [];
      let said: IncomingHttpHeaders = {};
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        stream.close(constants.NGHTTP2_CANCEL);
      }, timeoutMs);
      const hear = (headers: IncomingHttpHeaders): void => {
        said = headers;
      };
      // An answer without a message has its status in the headers.
      stream.on('response', hear);
      stream.on('trailers', hear);
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', () => {});
      stream.on('close', () => {
        clearTimeout(timer);
        const code = isLate ? status.DEADLINE_EXCEEDED : Number(said['grpc-status'] ?? status.UNAVAILABLE);
        if (code !== status.OK) reject(new UnaryCallError(code, String(said['grpc-message'] ?? status[code])));
        else resolve(responseDeserialize(grpcMessage(Buffer.concat(chunks))));
      });
      stream.end(grpcFrame(requestSerialize(request)));
    });
  }

  close(): void {
    this.#session.destroy();
  }

  #open(path: string, authorization: string, timeoutMs: number): ClientHttp2Stream | null {
    if (this.#session.closed || this.#session.destroyed) return null;
    return this.#session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': `${timeoutMs}m`,
      authorization,
    });
  }
}
