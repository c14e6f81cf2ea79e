import { type ChannelCredentials, Client, credentials, Metadata } from '@grpc/grpc-js';
import { systemClock } from '../platform/clock.ts';
import { CapmeshError } from './capmesh-error.ts';
import { backOffMs, type Timing } from './timing.ts';

export interface ChannelOptions {
  readonly address: string;
  readonly channelCredentials: ChannelCredentials | undefined;
  readonly deadlineMs: number;
  readonly timing: Timing;
}

/** A method as the generated services describe it. */
interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

export interface CallKind {
  /** Enrolment secret, if the call needs it. */
  readonly secret?: string;
  /** Doing it twice is as good as once, so an answer that was lost may be asked for again. */
  readonly repeatable?: boolean;
}

const ATTEMPTS_MAX = 3;
const BACK_OFF = { firstMs: 100, maxMs: 1000 };
/** How often a lost connection is looked for; grpc-js itself would come to wait two minutes, however often it is asked. */
const RECONNECT = { 'grpc.initial_reconnect_backoff_ms': 250, 'grpc.max_reconnect_backoff_ms': 5000 };
const never = new AbortController().signal;

/**
 * One connection to the control plane. Every call has a deadline; what was never
 * sent grpc-js sends again by itself, and only repeatable calls are made again
 * after that. Failures are `CapmeshError`s.
 */
export class ControlPlaneChannel {
  readonly address: string;
  readonly #client: Client;
  readonly #deadlineMs: number;
  readonly #timing: Timing;
  #closed = false;

  constructor({ address, channelCredentials, deadlineMs, timing }: ChannelOptions) {
    this.address = address;
    this.#client = new Client(address, channelCredentials ?? credentials.createInsecure(), RECONNECT);
    this.#deadlineMs = deadlineMs;
    this.#timing = timing;
  }

  async call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    { secret, repeatable = false }: CallKind = {},
  ): Promise<Response> {
    const metadata = new Metadata();
    if (secret !== undefined) metadata.set('authorization', `Bearer ${secret}`);
    const deadline = systemClock.wallMs() + this.#deadlineMs;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(method, request, metadata, deadline);
      } catch (error) {
        const failure = CapmeshError.from(error, this.address);
        const pauseMs = backOffMs(BACK_OFF, attempt, this.#timing.random());
        const inTime = systemClock.wallMs() + pauseMs < deadline;
        if (!repeatable || failure.code !== 'unavailable' || attempt === ATTEMPTS_MAX || !inTime) throw failure;
        await this.#timing.sleep(pauseMs, { signal: never, ref: true });
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#client.close();
  }

  #once<Request, Response>(
    { path, requestSerialize, responseDeserialize }: Method<Request, Response>,
    request: Request,
    metadata: Metadata,
    deadline: number,
  ): Promise<Response> {
    if (this.#closed) return Promise.reject(new CapmeshError('closed', this.address, 'the client was closed'));
    return new Promise((resolve, reject) => {
      const callback = (error: unknown, response?: Response): void => {
        if (error === null && response !== undefined) resolve(response);
        else reject(error);
      };
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        { deadline },
        callback,
      );
    });
  }
}
