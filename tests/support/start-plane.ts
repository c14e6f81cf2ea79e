import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChannelCredentials } from '@grpc/grpc-js';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from '../../control-plane/main.ts';
import { AdminClient } from '../../proto/gen/capmesh/v1/admin_service.ts';
import { CapacityClient } from '../../proto/gen/capmesh/v1/capacity_service.ts';
import { OperationsClient } from '../../proto/gen/capmesh/v1/operation_service.ts';
import { ADMIN_TOKEN } from './api-fixture.ts';
import type { NatsFixture } from './nats-fixture.ts';

const HOST = '127.0.0.1';

/** A control plane of the mesh `shop` inside this process, and clients of its doors. */
export interface StartedPlane {
  readonly plane: ControlPlane;
  readonly admin: AdminClient;
  readonly capacity: CapacityClient;
  readonly operations: OperationsClient;
  readonly stateDir: string;
  /** Closes the clients and stops the control plane. */
  stop(): Promise<void>;
}

/** Starts a control plane on a nats-server of the test; what it keeps is found again at the next start. */
export async function startPlane(
  nats: NatsFixture,
  options: Pick<ControlPlaneOptions, 'logger' | 'clock'>,
): Promise<StartedPlane> {
  const stateDir = join(nats.folder, 'control-plane');
  mkdirSync(stateDir, { recursive: true });
  const adminTokenFile = join(nats.folder, 'admin.token');
  writeFileSync(adminTokenFile, `${ADMIN_TOKEN}\n`, { mode: 0o600 });
  const door = { host: HOST, port: 0 };
  const plane = await startControlPlane({
    mesh: 'shop',
    xds: door,
    grpc: door,
    rest: door,
    nats: { servers: nats.servers, nkeySeedFile: nats.seedFile('control-plane') },
    stateDir,
    adminTokenFile,
    ...options,
  });
  const address = `${HOST}:${plane.grpcPort}`;
  const admin = new AdminClient(address, ChannelCredentials.createInsecure());
  const capacity = new CapacityClient(address, ChannelCredentials.createInsecure());
  const operations = new OperationsClient(address, ChannelCredentials.createInsecure());
  const stop = async (): Promise<void> => {
    admin.close();
    capacity.close();
    operations.close();
    await plane.stop();
  };
  return { plane, admin, capacity, operations, stateDir, stop };
}
