import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStore, type Store } from '../../control-plane/state/open-store.ts';
import { createLogger } from '../../platform/logger.ts';
import { connectNats } from '../../platform/nats-connection.ts';
import type { Topology } from './topology.ts';

/** The store of a running mesh, opened as the control plane does; close `connection` afterwards. */
export async function openMeshStore({ stateDir }: Topology): Promise<Store> {
  const { ports } = JSON.parse(readFileSync(join(stateDir, 'up.json'), 'utf8')) as { ports: { nats: number } };
  const connection = await connectNats({
    servers: [`127.0.0.1:${ports.nats}`],
    nkeySeedFile: join(stateDir, 'nats', 'control-plane.nkey'),
    name: 'control-plane',
    logger: createLogger('test-store'),
  });
  return openStore(connection);
}
