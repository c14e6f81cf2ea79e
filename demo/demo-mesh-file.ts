import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { parseDocument } from 'yaml';

export interface DemoMeshFile {
  readonly path: string;
  /** Port of each service by its name. */
  readonly ports: Readonly<Record<string, number>>;
}

/**
 * The mesh file with the ports that its services shall listen on. Where one of
 * them is taken on this machine, a copy with free ports is written to `copyPath`.
 */
export async function demoMeshFile(path: string, copyPath: string): Promise<DemoMeshFile> {
  const document = parseDocument(readFileSync(path, 'utf8'));
  const { services } = document.toJS() as { services: Record<string, { endpoints: [string] }> };
  const ports: Record<string, number> = {};
  let changed = false;
  for (const [name, { endpoints }] of Object.entries(services)) {
    const wanted = Number(endpoints[0].split(':')[1]);
    const port = (await freePort(wanted)) ?? (await freePort(0));
    if (port === null) throw new Error('no free port');
    ports[name] = port;
    if (port === wanted) continue;
    changed = true;
    document.setIn(['services', name, 'endpoints', 0], `127.0.0.1:${port}`);
  }
  if (changed) writeFileSync(copyPath, document.toString());
  return { path: changed ? copyPath : path, ports };
}

/** The port itself, or one that the system picks for 0; `null` when it is taken. */
function freePort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : null));
    });
  });
}
