import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChildProgram } from '../../demo/child-program.ts';
import { findBinary } from '../../platform/binaries.ts';
import { peersBootstrap } from './peers.ts';

export interface RunningPeers {
  /** Port of each peer's listener, by name. */
  readonly ports: ReadonlyMap<string, number>;
  stop(): Promise<unknown>;
}

/** Starts the peers' Envoy in front of the service and waits until all its listeners serve. */
export async function startPeers(servicePort: number, folder: string): Promise<RunningPeers> {
  const bootstrap = join(folder, 'peers.json');
  const adminFile = join(folder, 'peers-admin');
  writeFileSync(bootstrap, JSON.stringify(peersBootstrap(servicePort)));
  const envoy = new ChildProgram({
    command: findBinary('envoy'),
    args: ['-c', bootstrap, '--concurrency', '1', '--use-dynamic-base-id', '--admin-address-path', adminFile],
    errorFile: join(folder, 'peers-envoy.log'),
  });
  const ended = envoy.exited.then((how) => {
    throw new Error(`the peers' Envoy ended early: ${how}; see ${folder}/peers-envoy.log`);
  });
  const ports = await Promise.race([ended, listenerPorts(adminFile)]);
  return { ports, stop: () => envoy.stop() };
}

async function listenerPorts(adminFile: string): Promise<Map<string, number>> {
  for (;;) {
    const ports = existsSync(adminFile) ? await readPorts(readFileSync(adminFile, 'utf8').trim()) : new Map();
    if (ports.size > 0) return ports;
    await sleep(50);
  }
}

async function readPorts(admin: string): Promise<Map<string, number>> {
  try {
    const answer = await fetch(`http://${admin}/listeners?format=json`);
    const { listener_statuses: listeners = [] } = (await answer.json()) as { listener_statuses?: ListenerStatus[] };
    return new Map(listeners.map(({ name, local_address: at }) => [name, at.socket_address.port_value]));
  } catch {
    return new Map();
  }
}

interface ListenerStatus {
  readonly name: string;
  readonly local_address: { readonly socket_address: { readonly port_value: number } };
}
