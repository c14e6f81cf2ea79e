import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type ListenAddress, listen } from '../../platform/listen-address.ts';
import type { Logger } from '../../platform/logger.ts';
import { readGrpcMessage } from './grpc-message.ts';

export interface CheckServerOptions {
  readonly address: ListenAddress;
  /** Encoded CheckRequest in, gRPC frame of the CheckResponse out; must not throw. */
  readonly answer: (message: Buffer) => Buffer;
  readonly logger: Logger;
  /** Connections at once; default 256. */
  readonly sessionsMax?: number | undefined;
  /** Calls at once on one connection; default 4096. */
  readonly streamsMax?: number | undefined;
  /** Time that calls in flight get when the server stops; default 2 s. */
  readonly drainMs?: number | undefined;
}

export interface CheckServer {
  readonly address: ListenAddress;
  readonly sessionCount: number;
  /** Says GOAWAY, waits for the calls in flight, then closes. */
  stop(): Promise<void>;
}

export const CHECK_PATH = '/envoy.service.auth.v3.Authorization/Check';
const BODY_BYTES_MAX = 256 * 1024;
const SESSIONS_MAX = 256;
const STREAMS_MAX = 4096;
const HEADER_LIST_BYTES_MAX = 16 * 1024;
const DRAIN_MS = 2000;

const HEADERS: OutgoingHttpHeaders = { ':status': 200, 'content-type': 'application/grpc' };
const TRAILERS: OutgoingHttpHeaders = { 'grpc-status': '0' };
const UNIMPLEMENTED: OutgoingHttpHeaders = { ...HEADERS, 'grpc-status': '12', 'grpc-message': 'unknown method' };
/**
 * Stands for a body that is no check: it is answered with a denial, since a gRPC
 * error would make Envoy do what its failure mode says, and that may be to let
 * the call pass.
 */
const NO_MESSAGE = Buffer.alloc(0);

/**
 * Serves `Authorization/Check` and nothing else over HTTP/2: unary gRPC framed by
 * us, as a gRPC library would cost many times the decision. One broken stream,
 * connection or message ends itself and nothing more.
 */
export async function startCheckServer(options: CheckServerOptions): Promise<CheckServer> {
  const { logger, sessionsMax = SESSIONS_MAX } = options;
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer({
    settings: {
      enablePush: false,
      maxConcurrentStreams: options.streamsMax ?? STREAMS_MAX,
      maxHeaderListSize: HEADER_LIST_BYTES_MAX,
    },
  });
  server.on('session', (session) => {
    session.on('error', (error) => logger.debug({ err: error }, 'a check connection failed'));
    session.on('close', () => sessions.delete(session));
    sessions.add(session);
    if (sessions.size > sessionsMax) {
      logger.warn({ sessionsMax }, 'too many check connections');
      session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  });
  server.on('sessionError', (error) => logger.debug({ err: error }, 'a check connection failed'));
  server.on('stream', (stream, headers) => serveStream(stream, headers, options));
  const address = await listen(server, options.address);
  server.on('error', (error) => logger.error({ err: error }, 'the check server failed'));
  return {
    address,
    get sessionCount() {
      return sessions.size;
    },
    stop: () => stopServer(server, sessions, options.drainMs ?? DRAIN_MS),
  };
}

function serveStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, options: CheckServerOptions): void {
  stream.on('error', (error) => options.logger.debug({ err: error }, 'a check call failed'));
  const contentType = headers['content-type'];
  if (headers[':method'] !== 'POST' || contentType?.startsWith('application/grpc') !== true) {
    stream.respond({ ':status': 415 }, { endStream: true });
  } else if (headers[':path'] !== CHECK_PATH) {
    stream.respond(UNIMPLEMENTED, { endStream: true });
  } else {
    collectBody(stream, (body) => answerStream(stream, options.answer(readGrpcMessage(body) ?? NO_MESSAGE)));
  }
}

/** Hands over the whole body, or an empty one where it is too large to be a check. */
function collectBody(stream: ServerHttp2Stream, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= BODY_BYTES_MAX) chunks.push(chunk);
    else chunks.length = 0;
  });
  stream.on('end', () => {
    const [first = NO_MESSAGE] = chunks;
    done(chunks.length > 1 ? Buffer.concat(chunks) : first);
  });
}

function answerStream(stream: ServerHttp2Stream, frame: Buffer): void {
  if (stream.destroyed) return;
  stream.respond(HEADERS, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(TRAILERS));
  stream.end(frame);
}

async function stopServer(server: Http2Server, sessions: Set<ServerHttp2Session>, drainMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const session of sessions) session.close();
  const timer = setTimeout(() => {
    for (const session of sessions) session.destroy();
  }, drainMs);
  await closed;
  clearTimeout(timer);
}
