import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:net';

/** A unix socket (0600) or a TCP port; port 0 lets the system choose. */
export type ListenAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** Longest path of a unix socket that every system takes. */
const SOCKET_PATH_MAX = 100;

/**
 * Makes a server listen and answers with the address that it got. A socket file
 * left behind by a dead process is replaced; a file that is no socket is not.
 * Rejects where the address cannot be had.
 */
export function listen(server: Server, address: ListenAddress): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const onListening = (): void => {
      server.off('error', reject);
      const bound = server.address();
      const isPort = bound !== null && typeof bound !== 'string';
      resolve(isPort ? { host: bound.address, port: bound.port } : address);
    };
    if ('path' in address) listenOnSocket(server, address.path, onListening);
    else server.listen(address.port, address.host, onListening);
  });
}

function listenOnSocket(server: Server, path: string, onListening: () => void): void {
  if (Buffer.byteLength(path) > SOCKET_PATH_MAX)
    throw new Error(`socket path is longer than ${SOCKET_PATH_MAX} bytes: ${path}`);
  removeStaleSocket(path);
  // The file is made inside listen(), with the mask of that moment.
  const before = process.umask(0o177);
  try {
    server.listen(path, onListening);
  } finally {
    process.umask(before);
  }
  server.once('listening', () => chmodSync(path, 0o600));
}

/** Removes a socket file so that the path is free; throws where something else lies there. */
export function removeStaleSocket(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw new Error(`${path} exists and is not a socket`);
  unlinkSync(path);
}
