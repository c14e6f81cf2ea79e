import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EXAMPLE_PORTS } from '../example-mesh.ts';

/** Tiny services for the example mesh, within this process. */
export interface ExampleServices {
  readonly ports: Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

/** Starts them on their usual ports, or, where one is taken or `anyPort` is set, on a port that the OS picks. */
export async function startExampleServices(anyPort: boolean): Promise<ExampleServices> {
  const started: (readonly [string, Server])[] = [];
  for (const [name, port] of Object.entries(EXAMPLE_PORTS)) {
    const server = anyPort ? await listen(name, 0) : await listen(name, port).catch(() => listen(name, 0));
    started.push([name, server]);
  }
  return {
    ports: Object.fromEntries(started.map(([name, server]) => [name, (server.address() as AddressInfo).port])),
    stop: async () => {
      await Promise.all(started.map(([, server]) => close(server)));
    },
  };
}

async function listen(name: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.end(`${JSON.stringify({ service: name, method: request.method, path: request.url })}\n`);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
