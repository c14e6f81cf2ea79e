import { join } from 'node:path';
import type { ControlPlane } from '../../control-plane/main.ts';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import { type Sidecar, startSidecar } from '../../ext-authz/main.ts';
import { type Clock, systemClock } from '../../platform/clock.ts';
import { meshToMessage } from '../../platform/mesh-message.ts';
import { type AdminClient, ApplyRequest } from '../../proto/gen/capmesh/v1/admin_service.ts';
import {
  type CapacityClient,
  RenewCapacityRequest,
  RequestCapacityRequest,
  type RequestCapacityResponse,
} from '../../proto/gen/capmesh/v1/capacity_service.ts';
import type { OperationsClient } from '../../proto/gen/capmesh/v1/operation_service.ts';
import { grpcCall } from './api-fixture.ts';
import { CheckClient } from './check-client.ts';
import { readAnswer, silentLogger, withToken } from './check-fixture.ts';
import { meshConfig } from './mesh-fixtures.ts';
import { type NatsFixture, startNats } from './nats-fixture.ts';
import { startPlane } from './start-plane.ts';

/** A real nats-server, a control plane and sidecars; no Envoy, so that a check is asked for directly. */
export interface TokensFixture {
  readonly nats: NatsFixture;
  readonly plane: ControlPlane;
  readonly admin: AdminClient;
  readonly capacity: CapacityClient;
  readonly operations: OperationsClient;
  readonly sidecars: readonly Sidecar[];
  readonly stateDir: string;
  /** A grant of the workload that is enrolled. */
  request(more?: Partial<RequestCapacityRequest>): Promise<GrantedToken>;
  /** A grant in the place of another. */
  renew(grantId: string): Promise<GrantedToken>;
  /** What one sidecar says of a token: `ok` or the reason of its refusal. */
  reasonOf(sidecar: number, token: string): Promise<string>;
  /** Asks one sidecar until its answer is the wanted one; answers the monotonic time of that, ms. */
  becomes(sidecar: number, token: string, wanted: string, signal?: AbortSignal): Promise<number>;
  stop(): Promise<void>;
}

export interface GrantedToken {
  readonly token: string;
  readonly grantId: string;
}

function granted(answer: RequestCapacityResponse): GrantedToken {
  if (!answer.admitted) throw new Error(`not admitted: ${answer.message}`);
  return { token: answer.capacityToken, grantId: answer.grantId };
}

export interface TokensOptions {
  readonly sidecars: number;
  readonly clock: Clock;
  /** Of a mesh in which `WORKLOAD` calls `SERVICE`; default: without any limit. */
  readonly mesh?: MeshConfig;
}

/** The workload that grants are for, and the service that it calls. */
export const WORKLOAD = 'audit';
export const SERVICE = 'inventory';
const MESH = meshConfig({
  services: { [SERVICE]: {} },
  workloads: { [WORKLOAD]: {} },
  budgets: { [WORKLOAD]: { [SERVICE]: {} } },
});

export async function startTokens({ sidecars: count, clock, mesh = MESH }: TokensOptions): Promise<TokensFixture> {
  const names = Array.from({ length: count }, (_, index) => `node-${index + 1}`);
  const closing: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closing.splice(0).reverse()) await close();
  };
  try {
    const nats = await startNats('shop', names);
    closing.push(() => nats.stop());
    const {
      plane,
      admin,
      capacity,
      operations,
      stateDir,
      stop: stopPlane,
    } = await startPlane(nats, { clock, logger: silentLogger });
    closing.push(stopPlane);
    await grpcCall(admin, admin.apply, ApplyRequest.fromPartial({ mesh: meshToMessage(mesh) }));
    const { secret } = await grpcCall(admin, admin.enrol, { workload: WORKLOAD });
    const sidecars: Sidecar[] = [];
    const clients: CheckClient[] = [];
    for (const node of names) {
      const sidecar = await startSidecar({
        mesh: 'shop',
        node,
        httpPort: 0,
        nats: { servers: nats.servers, nkeySeedFile: nats.seedFile(node) },
        stateDir: join(nats.folder, node),
        clock,
        logger: silentLogger,
      });
      closing.push(() => sidecar.stop());
      sidecars.push(sidecar);
      const client = new CheckClient(sidecar.checkAddress);
      closing.push(() => client.close());
      clients.push(client);
    }
    const reasonOf = async (sidecar: number, token: string): Promise<string> => {
      const answer = readAnswer((await (clients[sidecar] as CheckClient).check(withToken(token, {}, SERVICE))).body);
      return answer.admitted ? 'ok' : (answer.body.reason ?? '');
    };
    return {
      nats,
      plane,
      admin,
      capacity,
      operations,
      sidecars,
      stateDir,
      reasonOf,
      request: async (more = {}) => {
        const request = RequestCapacityRequest.fromPartial({ workloadId: WORKLOAD, ...more });
        return granted(await grpcCall(capacity, capacity.requestCapacity, request, secret));
      },
      renew: async (grantId) => {
        const request = RenewCapacityRequest.fromPartial({ workloadId: WORKLOAD, grantId });
        return granted(await grpcCall(capacity, capacity.renewCapacity, request, secret));
      },
      becomes: async (sidecar, token, wanted, signal) => {
        while ((await reasonOf(sidecar, token)) !== wanted) {
          signal?.throwIfAborted();
          await new Promise((resolve) => setImmediate(resolve));
        }
        return systemClock.monotonicMs();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
