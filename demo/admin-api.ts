import { type ClientReadableStream, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { systemClock } from '../platform/clock.ts';
import {
  AdminClient,
  type SetBudgetResponse,
  type Status,
  WatchEventsRequest,
} from '../proto/gen/capmesh/v1/admin_service.ts';
import type { CapacityVector } from '../proto/gen/capmesh/v1/capacity.ts';
import type { CapacityEvent } from '../proto/gen/capmesh/v1/events.ts';

const CALL_TIMEOUT_MS = 5_000;

type Unary<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: { deadline: number },
  callback: (error: ServiceError | null, response: Response) => void,
) => unknown;

/** The Admin API with an operator's token, as promises. */
export class AdminApi {
  private readonly client: AdminClient;
  private readonly metadata = new Metadata();

  constructor(address: string, adminToken: string) {
    this.client = new AdminClient(address, credentials.createInsecure());
    this.metadata.set('authorization', `Bearer ${adminToken}`);
  }

  status(): Promise<Status> {
    return this.call(this.client.getStatus.bind(this.client), {});
  }

  /** Sets the axes that are given and keeps the others. */
  setBudget(workload: string, service: string, axes: Partial<CapacityVector>): Promise<SetBudgetResponse> {
    const none = { cGeo: undefined, cInt: undefined, cGauge: undefined, cPtr: undefined, cObs: undefined };
    const vector = { ...none, ...axes };
    const budget = { workload, service, vector, rps: undefined, parallel: undefined, revision: 0 };
    return this.call(this.client.setBudget.bind(this.client), { budget, merge: true, expectedRevision: 0 });
  }

  /** Adds one to the workload's generation: its tokens are refused from then on. */
  revokeWorkload(workload: string): Promise<unknown> {
    return this.call(this.client.revokeWorkload.bind(this.client), { workload });
  }

  /** Makes one token invalid and frees its capacity. */
  revokeToken(grantId: string): Promise<unknown> {
    return this.call(this.client.revokeToken.bind(this.client), { grantId });
  }

  /** Begins to change the signing key. */
  rotateKey(): Promise<unknown> {
    return this.call(this.client.rotateKey.bind(this.client), {});
  }

  /** New events as they happen; `fromStart`: after all that are kept. The caller cancels the stream. */
  events({ fromStart = false } = {}): ClientReadableStream<CapacityEvent> {
    return this.client.watchEvents(WatchEventsRequest.fromPartial({ fromStart }), this.metadata);
  }

  close(): void {
    this.client.close();
  }

  private call<Request, Response>(method: Unary<Request, Response>, request: Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      const deadline = systemClock.wallMs() + CALL_TIMEOUT_MS;
      method(request, this.metadata, { deadline }, (error, response) => (error ? reject(error) : resolve(response)));
    });
  }
}
