import { type Server as GrpcServer, Server } from '@grpc/grpc-js';
import type { FastifyInstance } from 'fastify';
import type { XdsServer } from '../xds/xds-server.ts';
import type { RestDependencies } from './api-dependencies.ts';
import { bindGrpcServer, createGrpcServer } from './grpc-server.ts';
import { createRestServer } from './rest-server.ts';

export interface TcpDoor {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
}

export interface OpenDoors {
  readonly ports: { readonly xdsPort: number; readonly grpcPort: number; readonly restPort: number };
  /** Refuses new calls and lets those under way end, for 2 s at most. */
  close(): Promise<void>;
}

const SHUTDOWN_MS = 2000;

/** Opens xDS, gRPC and REST; opens none of them when one address cannot be had. */
export async function openDoors(
  at: { readonly xds: TcpDoor; readonly grpc: TcpDoor; readonly rest: TcpDoor },
  deps: RestDependencies,
  xds: XdsServer,
): Promise<OpenDoors> {
  const xdsServer = new Server();
  xds.addTo(xdsServer);
  const grpcServer = createGrpcServer(deps);
  const rest = createRestServer(deps);
  const close = async (): Promise<void> => {
    xds.close();
    await Promise.all([shutDown(grpcServer), shutDown(xdsServer), rest.close()]);
  };
  try {
    const xdsPort = await bindGrpcServer(xdsServer, at.xds);
    const grpcPort = await bindGrpcServer(grpcServer, at.grpc);
    const restPort = await listenRest(rest, at.rest);
    return { ports: { xdsPort, grpcPort, restPort }, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listenRest(rest: FastifyInstance, door: TcpDoor): Promise<number> {
  await rest.listen({ ...door });
  const [bound] = rest.addresses();
  return typeof bound === 'object' ? bound.port : door.port;
}

/** Event streams never end by themselves: what is open after the delay is cut off. */
function shutDown(server: GrpcServer): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.forceShutdown(), SHUTDOWN_MS);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
