import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Idle connections stay open longer than a proxy keeps them in its pool, so that the proxy closes first. */
const KEEP_ALIVE_MS = 3_600_000;

export interface ListeningServer {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Serves HTTP on loopback. Port 0 lets the system choose.
 * Rejects with the system's error when the port is taken.
 */
export async function listen(port: number, handler: RequestListener, host = '127.0.0.1'): Promise<ListeningServer> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, handler);
  server.on('clientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: 4096 }, resolve);
  });
  return { port: (server.address() as AddressInfo).port, stop: () => stop(server) };
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
