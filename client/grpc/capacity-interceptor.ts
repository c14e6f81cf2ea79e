import {
  InterceptingCall,
  type InterceptingListener,
  type Interceptor,
  type InterceptorOptions,
  Metadata,
  type NextCall,
  type Requester,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { type CallCapacity, capacityHeaders, checkCall, type TokenSource } from '../call-headers.ts';
import { DENIED_HEADER } from '../capacity-refusal.ts';
import { checkRetries, retryPauseMs } from '../retry-pause.ts';
import { systemTiming, type Timing } from '../timing.ts';
import { textIn } from './refusal-of-error.ts';

export interface CapacityInterceptorOptions {
  /** What every call says of itself. */
  readonly capacity?: CallCapacity | undefined;
  /**
   * How often a unary call that was refused as RESOURCE_EXHAUSTED or UNAVAILABLE is made
   * again, 0 … 5; default 0. gRPC does not say which methods are idempotent: who sets
   * this says that all of them are.
   */
  readonly retries?: number | undefined;
  readonly timing?: Timing | undefined;
}

/**
 * For `interceptors` of a grpc-js client or call: a capacity token on every call.
 * Retried calls wait as `Retry-After` says, and their deadline holds for all of them.
 * `refusalOfError` reads what they end with; without a token that is UNAVAILABLE.
 * Throws a RangeError for estimates that are none.
 */
export function capacityInterceptor(tokens: TokenSource, options: CapacityInterceptorOptions = {}): Interceptor {
  const { capacity = {}, retries = 0, timing = systemTiming } = options;
  checkRetries(retries);
  checkCall(capacity);
  return (callOptions, nextCall) =>
    new CapacityCall({ tokens, capacity, retries, timing }, callOptions, nextCall).intercepted;
}

interface Surroundings {
  readonly tokens: TokenSource;
  readonly capacity: CallCapacity;
  readonly retries: number;
  readonly timing: Timing;
}

/** One call with its tries. */
class CapacityCall {
  readonly intercepted: InterceptingCall;
  readonly #around: Surroundings;
  readonly #options: InterceptorOptions;
  readonly #again: () => ReturnType<NextCall>;
  readonly #cancelled = new AbortController();
  /** Of a unary call, so that it can be sent again. */
  #message: unknown;
  #metadata = new Metadata();
  #token = '';
  #attempt = 1;
  #replaced = false;
  /** The try under way, after the first. */
  #retried: ReturnType<NextCall> | null = null;

  constructor(around: Surroundings, options: InterceptorOptions, nextCall: NextCall) {
    this.#around = around;
    this.#options = options;
    this.#again = () => nextCall(options);
    this.intercepted = new InterceptingCall(nextCall(options), this.#requester());
  }

  #requester(): Requester {
    return {
      start: (metadata, listener, next) => {
        const up = endingOnce(listener);
        this.#metadata = metadata;
        this.#around.tokens.token().then(
          (token) => {
            this.#token = token;
            if (!this.#cancelled.signal.aborted) next(this.#metadataNow(), this.#listener(up));
          },
          ({ message }: Error) => end(up, status.UNAVAILABLE, message),
        );
        this.#cancelled.signal.addEventListener('abort', () => end(up, status.CANCELLED, 'cancelled by the caller'));
      },
      sendMessage: (message, next) => {
        if (this.#isUnary()) this.#message = message;
        next(message);
      },
      cancel: (next) => {
        this.#cancelled.abort();
        this.#retried?.cancelWithStatus(status.CANCELLED, 'cancelled by the caller');
        next();
      },
    };
  }

  #metadataNow(): Metadata {
    const metadata = this.#metadata.clone();
    const headers = capacityHeaders(this.#token, this.#around.capacity, this.#attempt);
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    return metadata;
  }

  /** Holds back what belongs to a refusal until it is known whether the call is made again. */
  #listener(up: InterceptingListener): InterceptingListener {
    const refused = new Metadata();
    return {
      onReceiveMetadata: (metadata) => {
        if (textIn(metadata, DENIED_HEADER) === null) up.onReceiveMetadata(metadata);
        else refused.merge(metadata);
      },
      onReceiveMessage: (message: unknown) => up.onReceiveMessage(message),
      onReceiveStatus: (received) => {
        refused.merge(received.metadata);
        const ended: StatusObject = { ...received, metadata: refused };
        if (textIn(refused, DENIED_HEADER) === null) up.onReceiveStatus(ended);
        else void this.#repeatOr(ended, up);
      },
    };
  }

  async #repeatOr(ended: StatusObject, up: InterceptingListener): Promise<void> {
    const repeats = await this.#mayRepeat(ended);
    if (this.#cancelled.signal.aborted) return;
    if (!repeats) {
      up.onReceiveStatus(ended);
      return;
    }
    this.#retried = this.#again();
    this.#retried.start(this.#metadataNow(), this.#listener(up));
    this.#retried.sendMessage(this.#message);
    this.#retried.halfClose();
  }

  /** Waits as long as it has to; true with the next token and attempt in place. */
  async #mayRepeat({ code, metadata }: StatusObject): Promise<boolean> {
    const { tokens, retries, timing } = this.#around;
    const repeatable = this.#isUnary() && retries > 0;
    if (code === status.UNAUTHENTICATED) {
      const other = tokens.replace(this.#token);
      const token = repeatable && !this.#replaced ? await other : null;
      this.#replaced = true;
      this.#token = token ?? this.#token;
      return token !== null;
    }
    if (!repeatable || this.#attempt > retries) return false;
    if (code !== status.RESOURCE_EXHAUSTED && code !== status.UNAVAILABLE) return false;
    const pauseMs = retryPauseMs(textIn(metadata, 'retry-after'), this.#attempt, timing.random());
    const deadlineMs = Number(this.#options.deadline ?? Number.POSITIVE_INFINITY);
    if (pauseMs === null || timing.clock.wallMs() + pauseMs >= deadlineMs) return false;
    await timing.sleep(pauseMs, { signal: this.#cancelled.signal, ref: true });
    this.#attempt += 1;
    return true;
  }

  #isUnary(): boolean {
    const { requestStream, responseStream } = this.#options.method_definition;
    return !requestStream && !responseStream;
  }
}

/** A cancelled call ends at once, and its try under way a little later. */
function endingOnce(listener: InterceptingListener): InterceptingListener {
  let ended = false;
  return {
    onReceiveMetadata: (metadata) => listener.onReceiveMetadata(metadata),
    onReceiveMessage: (message: unknown) => listener.onReceiveMessage(message),
    onReceiveStatus: (received) => {
      if (!ended) listener.onReceiveStatus(received);
      ended = true;
    },
  };
}

const end = (up: InterceptingListener, code: status, details: string): void =>
  up.onReceiveStatus({ code, details, metadata: new Metadata() });
