import { join } from 'node:path';
import { ChannelCredentials } from '@grpc/grpc-js';
import { AdminClient, type Status } from '../../proto/gen/capmesh/v1/admin_service.ts';
import {
  CapacityClient,
  RequestCapacityRequest,
  type RequestCapacityResponse,
} from '../../proto/gen/capmesh/v1/capacity_service.ts';
import { grpcCall } from './api-fixture.ts';
import { FakeEnvoy } from './fake-envoy.ts';
import type { NatsFixture } from './nats-fixture.ts';
import { PlaneProcess } from './plane-process.ts';

/** Who leads, as `/readyz` says it. */
export interface Standing {
  readonly role: 'leader' | 'follower';
  readonly epoch: number;
  readonly leader: string;
}

/** A replica of the control plane as a process, with clients to its doors and an Envoy on its xDS. */
export class PlaneReplica {
  readonly plane: PlaneProcess;
  readonly restUrl: string;
  readonly admin: AdminClient;
  readonly capacity: CapacityClient;
  readonly envoy: FakeEnvoy;

  private constructor(plane: PlaneProcess, node: string, ports: Awaited<PlaneProcess['opened']>) {
    this.plane = plane;
    this.restUrl = `http://127.0.0.1:${ports.restPort}`;
    const credentials = ChannelCredentials.createInsecure();
    this.admin = new AdminClient(`127.0.0.1:${ports.grpcPort}`, credentials);
    this.capacity = new CapacityClient(`127.0.0.1:${ports.grpcPort}`, credentials);
    this.envoy = new FakeEnvoy(`127.0.0.1:${ports.xdsPort}`, { mode: 'delta', node });
  }

  static async start(nats: NatsFixture, node: string): Promise<PlaneReplica> {
    const plane = new PlaneProcess(nats, join(nats.folder, `plane-of-${node}`));
    return new PlaneReplica(plane, node, await plane.opened);
  }

  async standing(): Promise<Standing> {
    return (await (await fetch(`${this.restUrl}/readyz`)).json()) as Standing;
  }

  status(): Promise<Status> {
    return grpcCall(this.admin, this.admin.getStatus, {});
  }

  /** A grant for batch. */
  request(secret: string, capacityVector: object, seconds: number): Promise<RequestCapacityResponse> {
    const request = { workloadId: 'batch', capacityVector, duration: { seconds, nanos: 0 } };
    return grpcCall(this.capacity, this.capacity.requestCapacity, RequestCapacityRequest.fromPartial(request), secret);
  }

  async close(): Promise<void> {
    this.admin.close();
    this.capacity.close();
    this.envoy.close();
    this.plane.child.kill('SIGCONT');
    await this.plane.end('SIGTERM');
  }
}
