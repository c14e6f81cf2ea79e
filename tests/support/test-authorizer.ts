import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { CheckRequest, CheckResponse, type DeepPartial } from '../../proto/gen/envoy/service/auth/v3/external_auth.ts';
import { grpcFrame, grpcMessage } from './grpc-frame.ts';

export interface TestAuthorizer {
  readonly port: number;
  /** What was asked, in order. */
  readonly asked: CheckRequest[];
  /** What to answer from now on; `'hang'` = nothing. */
  answer: (request: CheckRequest) => DeepPartial<CheckResponse> | 'hang';
  /** Refuses connections from now on. */
  stop(): Promise<void>;
}

/** ext_authz over gRPC in the smallest form: answers Check, at a free port or the given one. */
export async function startAuthorizer(answer: TestAuthorizer['answer'], port = 0): Promise<TestAuthorizer> {
  const sessions = new Set<ServerHttp2Session>();
  const asked: CheckRequest[] = [];
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => {});
  });
  const authorizer = {
    port,
    asked,
    answer,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
  server.on('stream', (stream) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const request = CheckRequest.decode(grpcMessage(Buffer.concat(chunks)));
      asked.push(request);
      const verdict = authorizer.answer(request);
      if (verdict !== 'hang') reply(stream, CheckResponse.encode(CheckResponse.fromPartial(verdict)).finish());
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  authorizer.port = (server.address() as AddressInfo).port;
  return authorizer;
}

function reply(stream: ServerHttp2Stream, message: Uint8Array): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(grpcFrame(message));
}

/** Lets the call pass as that workload. */
export function allow(workload: string): DeepPartial<CheckResponse> {
  return {
    status: { code: 0 },
    httpResponse: {
      $case: 'okResponse',
      value: {
        headers: [
          { header: { key: 'x-capacity-workload', value: workload } },
          { header: { key: 'x-capacity-priority', value: '7' } },
        ],
      },
    },
  };
}

/** Refuses with an HTTP status and our headers. */
export function deny(status: number, reason: string): DeepPartial<CheckResponse> {
  return {
    status: { code: 7 },
    httpResponse: {
      $case: 'deniedResponse',
      value: {
        status: { code: status as 403 },
        headers: [{ header: { key: 'x-capacity-denied', value: reason } }],
        body: JSON.stringify({ reason }),
      },
    },
  };
}
