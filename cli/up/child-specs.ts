import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Locality } from '../../core/mesh/service-endpoint.ts';
import { buildBootstrap } from '../../envoy/bootstrap.ts';
import type { EndpointAddress } from '../../envoy/endpoint-address.ts';
import { renderNatsServerConfig } from '../../platform/nats-server-config.ts';
import { packageRoot } from '../../platform/package-root.ts';
import type { MeshPorts, NodePorts } from '../../platform/ports.ts';
import { httpOk, tcpOpen, until } from '../../platform/readiness.ts';
import type { ChildSpec } from '../../platform/supervisor.ts';
import { writePrivate } from '../../platform/write-private.ts';
import type { StateFolder } from '../state-folder.ts';
import { ensureNatsUser } from './nats-users.ts';

/** What the children of `capmesh up` have in common. */
export interface UpPlan {
  readonly state: StateFolder;
  readonly mesh: string;
  readonly ports: MeshPorts;
  /** Of one node after the other; absent = not told. */
  readonly localities: readonly Locality[];
  readonly traceCollector?: EndpointAddress | undefined;
  /** Worker threads of each Envoy. */
  readonly envoyWorkers: number;
  /** Folder that the control plane records into. */
  readonly record?: string | undefined;
  readonly binaries: { readonly envoy: string; readonly natsServer: string };
}

const LOOPBACK = '127.0.0.1';

export const nodeName = (index: number): string => `node-${index + 1}`;

export function natsServerSpec({ state, mesh, ports, binaries }: UpPlan): ChildSpec {
  const sidecars = ports.nodes.map((_, index) => [nodeName(index), ensureNatsUser(state, nodeName(index)).publicKey]);
  const configFile = state.in('nats', 'nats.conf');
  writePrivate(
    configFile,
    renderNatsServerConfig({
      mesh,
      serverName: `capmesh-${mesh}`,
      host: LOOPBACK,
      port: ports.nats,
      storeDir: state.makeFolder('nats', 'store'),
      controlPlanePublicKey: ensureNatsUser(state, 'control-plane').publicKey,
      sidecarPublicKeys: Object.fromEntries(sidecars),
      eventsPublicKey: ensureNatsUser(state, 'events').publicKey,
    }),
  );
  return {
    name: 'nats-server',
    command: binaries.natsServer,
    args: ['-c', configFile],
    logFile: logFile(state, 'nats-server'),
    ready: (signal) => until(() => tcpOpen(ports.nats), signal),
  };
}

export function controlPlaneSpec({ state, mesh, ports, record }: UpPlan): ChildSpec {
  const options = {
    mesh,
    'state-dir': state.makeFolder('control-plane'),
    'admin-token-file': state.ensureAdminToken(),
    nats: `${LOOPBACK}:${ports.nats}`,
    'nkey-file': ensureNatsUser(state, 'control-plane').seedFile,
    xds: `${LOOPBACK}:${ports.xds}`,
    grpc: `${LOOPBACK}:${ports.grpc}`,
    rest: `${LOOPBACK}:${ports.rest}`,
    ...(record === undefined ? {} : { record }),
  };
  return {
    name: 'control-plane',
    ...selfWith('control-plane', options),
    logFile: logFile(state, 'control-plane'),
    ready: (signal) => until(() => httpOk(`http://${LOOPBACK}:${ports.rest}/readyz`), signal),
  };
}

export function sidecarSpec({ state, mesh, ports }: UpPlan, index: number): ChildSpec {
  const node = nodeName(index);
  const { health } = ports.nodes[index] as NodePorts;
  const options = {
    mesh,
    node,
    'state-dir': state.makeFolder(node),
    nats: `${LOOPBACK}:${ports.nats}`,
    'nkey-file': ensureNatsUser(state, node).seedFile,
    check: `unix:${state.in(node, 'check.sock')}`,
    sinks: `unix:${state.in(node, 'sinks.sock')}`,
    health: `${LOOPBACK}:${health}`,
  };
  const name = `${node}-ext-authz`;
  return {
    name,
    ...selfWith('ext-authz', options),
    logFile: logFile(state, name),
    ready: (signal) => until(() => httpOk(`http://${LOOPBACK}:${health}/healthz`), signal),
  };
}

export function envoySpec(plan: UpPlan, index: number): ChildSpec {
  const { state, mesh, ports, localities, traceCollector, envoyWorkers, binaries } = plan;
  const node = nodeName(index);
  const { mesh: listener, admin } = ports.nodes[index] as NodePorts;
  const bootstrap = buildBootstrap({
    nodeId: node,
    mesh,
    locality: localities[index],
    traceCollector,
    admin: { host: LOOPBACK, port: admin },
    listener: { host: LOOPBACK, port: listener },
    controlPlane: { host: LOOPBACK, port: ports.xds },
    check: { path: state.in(node, 'check.sock') },
    sinks: { path: state.in(node, 'sinks.sock') },
  });
  state.makeFolder(node);
  const bootstrapFile = state.in(node, 'bootstrap.json');
  writePrivate(bootstrapFile, `${JSON.stringify(bootstrap, null, 2)}\n`);
  const name = `${node}-envoy`;
  return {
    name,
    command: binaries.envoy,
    args: [
      ...['-c', bootstrapFile, '--concurrency', `${envoyWorkers}`, '--disable-hot-restart', '--log-level', 'warn'],
      ...['--file-flush-interval-msec', '1000'],
    ],
    logFile: logFile(state, name),
    ready: (signal) => until(() => httpOk(`http://${LOOPBACK}:${admin}/ready`), signal),
  };
}

/** This program with another command. */
function selfWith(command: string, options: Readonly<Record<string, string>>): Pick<ChildSpec, 'command' | 'args'> {
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  return {
    command: process.execPath,
    args: ['--enable-source-maps', join(packageRoot(), 'dist', 'cli', 'main.js'), command, ...flags],
  };
}

/** A fresh log; the one of the run before stays as `<name>.log.1`. */
function logFile(state: StateFolder, name: string): string {
  state.makeFolder('logs');
  const file = state.in('logs', `${name}.log`);
  if (existsSync(file)) renameSync(file, `${file}.1`);
  return file;
}
