import { setTimeout as delay } from 'node:timers/promises';
import { type ChannelCredentials, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { CapacityVector } from '../../proto/gen/capmesh/v1/capacity.ts';
import { CapacityClient, type RequestCapacityResponse } from '../../proto/gen/capmesh/v1/capacity_service.ts';

const CALL_TIMEOUT_MS = 5_000;
const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 5_000;
/** A token is renewed when this share of its life is over. */
const RENEW_AT = 0.7;

export interface CapacityTokenOptions {
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
  readonly onProblem?: (message: string) => void;
}

/** Holds a capacity token for one workload and renews it before it expires. */
export class CapacityToken {
  private readonly options: CapacityTokenOptions;
  private readonly client: CapacityClient;
  private readonly abort = new AbortController();
  private current: Readonly<Record<string, string>> = {};

  private constructor(options: CapacityTokenOptions) {
    this.options = options;
    this.client = new CapacityClient(options.address, options.channel ?? credentials.createInsecure());
  }

  /** Resolves with the first token; keeps asking while the Capacity API is away or refuses. */
  static async obtain(options: CapacityTokenOptions): Promise<CapacityToken> {
    const token = new CapacityToken(options);
    await token.renew();
    void token.keep();
    return token;
  }

  /** Headers for a call; the same object until the token changes. */
  headers = (): Readonly<Record<string, string>> => this.current;

  close(): void {
    this.abort.abort();
    this.client.close();
  }

  private async keep(): Promise<void> {
    const renewMs = this.options.lifetimeSeconds * 1000 * RENEW_AT;
    while (!this.abort.signal.aborted) {
      await this.pause(renewMs);
      await this.renew();
    }
  }

  private async renew(): Promise<void> {
    for (let retryMs = RETRY_MIN_MS; !this.abort.signal.aborted; retryMs = Math.min(retryMs * 2, RETRY_MAX_MS)) {
      try {
        const answer = await this.request();
        if (answer.admitted) {
          this.current = { 'x-capacity-token': answer.capacityToken };
          return;
        }
        this.options.onProblem?.(`${this.options.workload}: not admitted: ${answer.message}`);
      } catch (error) {
        this.options.onProblem?.(`${this.options.workload}: ${(error as ServiceError).message}`);
      }
      await this.pause(retryMs);
    }
  }

  private request(): Promise<RequestCapacityResponse> {
    const { workload, secret, lifetimeSeconds, vector } = this.options;
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${secret}`);
    const request = {
      workloadId: workload,
      capacityVector: vector,
      duration: { seconds: lifetimeSeconds, nanos: 0 },
    };
    return new Promise((resolve, reject) => {
      const deadline = new Date(Date.now() + CALL_TIMEOUT_MS);
      this.client.requestCapacity(request, metadata, { deadline }, (error, answer) =>
        error ? reject(error) : resolve(answer),
      );
    });
  }

  private async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.abort.signal, ref: false }).catch(() => {});
  }
}
