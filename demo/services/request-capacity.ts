import { type ChannelCredentials, credentials, Metadata } from '@grpc/grpc-js';
import { systemClock } from '../../platform/clock.ts';
import type { CapacityVector } from '../../proto/gen/capmesh/v1/capacity.ts';
import { CapacityClient, type RequestCapacityResponse } from '../../proto/gen/capmesh/v1/capacity_service.ts';

const CALL_TIMEOUT_MS = 5_000;

export interface CapacityRequester {
  /** `host:port` of the Capacity API. */
  readonly address: string;
  readonly workload: string;
  /** The workload's enrolment secret. */
  readonly secret: string;
  /** 1 … 3600. */
  readonly lifetimeSeconds: number;
  /** Absent = whatever the budget says. */
  readonly vector?: CapacityVector;
  readonly channel?: ChannelCredentials;
}

/** Asks once for a grant. Rejects with the gRPC error; a refusal is an answer with `admitted` false. */
export async function requestCapacity(requester: CapacityRequester): Promise<RequestCapacityResponse> {
  const { address, workload, secret, lifetimeSeconds, vector, channel } = requester;
  const client = new CapacityClient(address, channel ?? credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${secret}`);
  const request = {
    workloadId: workload,
    capacityVector: vector,
    duration: { seconds: lifetimeSeconds, nanos: 0 },
  };
  try {
    return await new Promise((resolve, reject) => {
      const deadline = systemClock.wallMs() + CALL_TIMEOUT_MS;
      client.requestCapacity(request, metadata, { deadline }, (error, answer) =>
        error ? reject(error) : resolve(answer),
      );
    });
  } finally {
    client.close();
  }
}
