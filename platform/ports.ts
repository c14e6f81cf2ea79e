import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** Ports of one node: its Envoy and its sidecar. */
export interface NodePorts {
  /** Mesh listener of Envoy. */
  readonly mesh: number;
  /** Admin interface of Envoy. */
  readonly admin: number;
  /** `/metrics` and health of the sidecar. */
  readonly health: number;
}

/** Every TCP port of an embedded mesh, all on loopback. */
export interface MeshPorts {
  /** xDS, for Envoy. */
  readonly xds: number;
  /** Capacity and Admin gRPC. */
  readonly grpc: number;
  /** REST, `/metrics`, `/healthz`, `/readyz`. */
  readonly rest: number;
  readonly nats: number;
  readonly nodes: readonly NodePorts[];
}

export const DEFAULT_PORTS = {
  xds: 18000,
  grpc: 18001,
  rest: 18080,
  nats: 4222,
  mesh: 10000,
  admin: 9901,
  health: 18081,
};

/**
 * `defaults`: the default port where it is free, else one that the OS picks.
 * `auto`: all picked by the OS. A number: consecutive ports from there, all of
 * which must be free.
 */
export type PortChoice = 'defaults' | 'auto' | number;

/** Chooses the ports of a mesh; throws when a port that was asked for is taken. */
export async function choosePorts(choice: PortChoice, nodes: number): Promise<MeshPorts> {
  const wanted = wantedPorts(choice, nodes);
  const holders: Server[] = [];
  const ports: number[] = [];
  try {
    for (const port of wanted) {
      const holder = await hold(port, choice === 'defaults');
      holders.push(holder);
      ports.push((holder.address() as AddressInfo).port);
    }
  } finally {
    // Held until all are chosen, so that no port is picked twice.
    await Promise.all(holders.map(release));
  }
  return toMeshPorts(ports);
}

/** Order of the ports in every list here: xds, grpc, rest, nats, then mesh, admin, health of each node. */
function wantedPorts(choice: PortChoice, nodes: number): number[] {
  const count = 4 + 3 * nodes;
  if (choice === 'auto') return Array.from({ length: count }, () => 0);
  if (typeof choice === 'number') return Array.from({ length: count }, (_, index) => choice + index);
  const { xds, grpc, rest, nats, mesh, admin, health } = DEFAULT_PORTS;
  const perNode = Array.from({ length: nodes }, (_, node) => [mesh + node, admin + node, health + node]);
  return [xds, grpc, rest, nats, ...perNode.flat()];
}

function toMeshPorts(ports: readonly number[]): MeshPorts {
  const at = (index: number): number => ports[index] as number;
  const nodes: NodePorts[] = [];
  for (let index = 4; index < ports.length; index += 3) {
    nodes.push({ mesh: at(index), admin: at(index + 1), health: at(index + 2) });
  }
  return { xds: at(0), grpc: at(1), rest: at(2), nats: at(3), nodes };
}

async function hold(port: number, elseAny: boolean): Promise<Server> {
  try {
    return await listen(port);
  } catch (error) {
    if (elseAny) return listen(0);
    throw new Error(`port ${port} on ${LOOPBACK} is taken: choose another --port-base`, { cause: error });
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, LOOPBACK);
  await once(server, 'listening');
  return server;
}

function release(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
