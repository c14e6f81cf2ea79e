import type { Locality } from '../../core/mesh/service-endpoint.ts';
import { type BootstrapOptions, buildBootstrap } from '../../envoy/bootstrap.ts';
import { renderNatsServerConfig } from '../../platform/nats-server-config.ts';
import { DEFAULT_PORTS } from '../../platform/ports.ts';
import { writePrivate } from '../../platform/write-private.ts';
import type { TcpAddress } from '../process-options.ts';
import { StateFolder } from '../state-folder.ts';
import { nodeName } from './child-specs.ts';
import { ensureNatsUserAt } from './nats-users.ts';
import { localitiesOf } from './up-options.ts';

export interface PrepareOptions {
  readonly mesh: string;
  readonly nodes: number;
  /** Of one node after the other; absent = not told. */
  readonly localities?: readonly Locality[];
  readonly traceCollector?: TcpAddress;
  readonly natsStore: string;
  readonly controlPlaneHost: string;
}

const ALL_ADDRESSES = '0.0.0.0';

/**
 * One folder per part in the state folder, so that each can be mounted alone:
 * `nats`, `control-plane`, `admin` and every node's. Keys and the admin token
 * that exist stay; the rest is written anew. Ports are those of `capmesh up`.
 */
export function prepareFiles(state: StateFolder, options: PrepareOptions): string[] {
  const { mesh, nodes, traceCollector, natsStore, controlPlaneHost } = options;
  const localities = localitiesOf(options);
  const names = Array.from({ length: nodes }, (_, index) => nodeName(index));
  const user = (part: string) => ensureNatsUserAt(state.in(part, 'nats.nkey'));
  const natsConfig = state.in('nats', 'nats.conf');
  writePrivate(
    natsConfig,
    renderNatsServerConfig({
      mesh,
      serverName: `capmesh-${mesh}`,
      host: ALL_ADDRESSES,
      port: DEFAULT_PORTS.nats,
      storeDir: natsStore,
      controlPlanePublicKey: user('control-plane').publicKey,
      sidecarPublicKeys: Object.fromEntries(names.map((name) => [name, user(name).publicKey])),
      eventsPublicKey: ensureNatsUserAt(state.in('admin', 'events.nkey')).publicKey,
    }),
  );
  const bootstraps = names.map((name, i) =>
    writeBootstrap(state, { mesh, nodeId: name, locality: localities[i], traceCollector }, controlPlaneHost),
  );
  return [natsConfig, new StateFolder(state.in('admin')).ensureAdminToken(), ...bootstraps];
}

/** Each node's container has the default ports for itself. */
function writeBootstrap(
  state: StateFolder,
  identity: Pick<BootstrapOptions, 'mesh' | 'nodeId' | 'locality' | 'traceCollector'>,
  controlPlaneHost: string,
): string {
  const node = identity.nodeId;
  const file = state.in(node, 'bootstrap.json');
  const bootstrap = buildBootstrap({
    ...identity,
    admin: { host: ALL_ADDRESSES, port: DEFAULT_PORTS.admin },
    listener: { host: ALL_ADDRESSES, port: DEFAULT_PORTS.mesh },
    controlPlane: { host: controlPlaneHost, port: DEFAULT_PORTS.xds },
    check: { path: state.in(node, 'check.sock') },
    sinks: { path: state.in(node, 'sinks.sock') },
  });
  writePrivate(file, `${JSON.stringify(bootstrap, null, 2)}\n`);
  return file;
}
