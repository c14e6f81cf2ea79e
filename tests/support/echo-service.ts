import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface EchoService {
  readonly port: number;
  readonly endpoint: string;
  /** Headers of the calls that arrived. */
  readonly seen: IncomingHttpHeaders[];
  /** While set, calls are held; `release()` answers them. */
  holding: boolean;
  readonly held: number;
  release(): void;
  stop(): Promise<void>;
}

/** An upstream that answers with the headers that it got, at a free loopback port. */
export async function startEchoService(name = 'echo'): Promise<EchoService> {
  const seen: IncomingHttpHeaders[] = [];
  const held: (() => void)[] = [];
  const answer = (response: ServerResponse, headers: IncomingHttpHeaders): void => {
    response.setHeader('x-served-by', name);
    response.end(JSON.stringify(headers));
  };
  const server = createServer((request, response) => {
    seen.push(request.headers);
    if (service.holding) held.push(() => answer(response, request.headers));
    else answer(response, request.headers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const service = {
    port,
    endpoint: `127.0.0.1:${port}`,
    seen,
    holding: false,
    get held() {
      return held.length;
    },
    release: () => {
      for (const go of held.splice(0)) go();
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return service;
}
