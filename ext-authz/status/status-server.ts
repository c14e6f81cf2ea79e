import { createServer, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { type ListenAddress, listen } from '../../platform/listen-address.ts';
import type { Logger } from '../../platform/logger.ts';

export interface StatusServerOptions {
  readonly host: string;
  readonly port: number;
  readonly isReady: () => boolean;
  readonly registry: Registry;
  readonly logger: Logger;
}

export interface StatusServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** `/healthz` (alive), `/readyz` (may judge calls) and `/metrics`. */
export async function startStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const { logger } = options;
  const server = createServer((request, response) => {
    answer(request.url ?? '/', response, options).catch((error: unknown) => {
      logger.error({ err: error }, 'a status request failed');
      response.writeHead(500).end();
    });
  });
  const address: ListenAddress = await listen(server, { host: options.host, port: options.port });
  server.on('error', (error) => logger.error({ err: error }, 'the status server failed'));
  server.on('clientError', (_error, socket) => socket.destroy());
  return {
    port: 'port' in address ? address.port : 0,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  url: string,
  response: ServerResponse,
  { isReady, registry }: StatusServerOptions,
): Promise<void> {
  switch (url.split('?', 1)[0]) {
    case '/healthz':
      return write(response, 200, 'text/plain', 'ok\n');
    case '/readyz':
      return isReady()
        ? write(response, 200, 'text/plain', 'ready\n')
        : write(response, 503, 'text/plain', 'the lease and the keys are not known yet\n');
    case '/metrics':
      return write(response, 200, registry.contentType, await registry.metrics());
    default:
      return write(response, 404, 'text/plain', 'not found\n');
  }
}

function write(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType }).end(body);
}
