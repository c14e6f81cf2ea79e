import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import { findBinary } from '../../platform/binaries.ts';
import { createNkey } from '../../platform/create-nkey.ts';
import { createLogger } from '../../platform/logger.ts';
import { connectNats } from '../../platform/nats-connection.ts';
import { renderNatsServerConfig } from '../../platform/nats-server-config.ts';

const logger = createLogger('test-nats');

/** A real nats-server on loopback with the users that `capmesh up` makes. */
export interface NatsFixture {
  readonly servers: readonly string[];
  readonly folder: string;
  seedFile(name: string): string;
  connect(name: string): Promise<NatsConnection>;
  /** Kills the server with SIGKILL and starts it again on the same port and store. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * @param syncInterval how often the store goes to the disk; default: before every answer, as Capmesh sets it
 */
export async function startNats(mesh: string, nodes: readonly string[], syncInterval = 'always'): Promise<NatsFixture> {
  const folder = mkdtempSync(join(tmpdir(), 'capmesh-nats-'));
  const keys = Object.fromEntries(['control-plane', 'events', ...nodes].map((name) => [name, createNkey()]));
  const seedFile = (name: string) => join(folder, `${name}.nkey`);
  for (const [name, key] of Object.entries(keys)) {
    writeFileSync(seedFile(name), key.seed, { mode: 0o600 });
  }
  const writeConfig = (port: number) =>
    writeFileSync(
      join(folder, 'nats.conf'),
      syncedEvery(
        syncInterval,
        renderNatsServerConfig({
          mesh,
          serverName: 'test',
          host: '127.0.0.1',
          port,
          portsFileDir: folder,
          storeDir: join(folder, 'store'),
          controlPlanePublicKey: keys['control-plane']?.publicKey ?? '',
          sidecarPublicKeys: Object.fromEntries(nodes.map((node) => [node, keys[node]?.publicKey ?? ''])),
          eventsPublicKey: keys.events?.publicKey,
        }),
      ),
    );
  writeConfig(0);
  let { child, port } = await launch(folder);
  const servers = [`127.0.0.1:${port}`];
  return {
    servers,
    folder,
    seedFile,
    connect: (name) => connectNats({ servers, nkeySeedFile: seedFile(name), name, logger }),
    restart: async () => {
      await kill(child, 'SIGKILL');
      writeConfig(port);
      ({ child, port } = await launch(folder));
    },
    stop: async () => {
      await kill(child, 'SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function syncedEvery(interval: string, json: string): string {
  const config = JSON.parse(json) as { jetstream: object };
  return JSON.stringify({ ...config, jetstream: { ...config.jetstream, sync_interval: interval } });
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}

async function launch(folder: string): Promise<{ child: ChildProcess; port: number }> {
  const binary = findBinary('nats-server');
  const watcher = watch(folder);
  const child = spawn(binary, ['-c', join(folder, 'nats.conf')], { stdio: 'ignore' });
  try {
    const failed = once(child, 'exit').then(() => {
      throw new Error(`${binary} ended at its start`);
    });
    failed.catch(() => {});
    for (;;) {
      const port = readPort(folder, child.pid);
      if (port !== undefined) {
        return { child, port };
      }
      await Promise.race([once(watcher, 'change'), failed]);
    }
  } finally {
    watcher.close();
  }
}

function readPort(folder: string, pid: number | undefined): number | undefined {
  const file = readdirSync(folder).find((name) => name.endsWith(`_${pid}.ports`));
  if (file === undefined) {
    return undefined;
  }
  try {
    const { nats } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { nats: string[] };
    return Number(new URL(nats[0] ?? '').port);
  } catch {
    return undefined;
  }
}

/** Settles when a connection that was lost stands again. */
export async function reconnected(connection: NatsConnection): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'reconnect') {
      return;
    }
  }
}
