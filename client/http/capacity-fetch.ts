import { type CallCapacity, capacityHeaders, checkCall, type TokenSource } from '../call-headers.ts';
import { DENIED_HEADER } from '../capacity-refusal.ts';
import { checkRetries, retryPauseMs } from '../retry-pause.ts';
import { systemTiming, type Timing } from '../timing.ts';
import { refusalOfResponse } from './refusal-of-response.ts';

/** `fetch`, whoever brings it: the built-in one, that of undici, or `meshFetch`. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** `fetch` whose calls may say what they need. */
export type CapacityFetch = (input: string | URL | Request, init?: CapacityInit) => Promise<Response>;

export type CapacityInit = RequestInit & { readonly capacity?: CallCapacity | undefined };

export interface CapacityFetchOptions {
  readonly fetch?: Fetch | undefined;
  /** Holds for every call that does not say otherwise. */
  readonly capacity?: CallCapacity | undefined;
  /** How often a call that was refused with 429 or 503 is made again, 0 … 5; default 0. */
  readonly retries?: number | undefined;
  readonly timing?: Timing | undefined;
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
const never = new AbortController().signal;

/**
 * `fetch` with a capacity token on every call. Answers are answers: a refusal is a
 * Response, which `refusalOfResponse` reads.
 *
 * Calls that may be repeated (idempotent by method or an `Idempotency-Key`, with a body
 * that can be sent again) are made again as often as `retries` says, not before
 * `Retry-After`. Any call whose body can be sent again is, once, where its token was
 * replaced while it was under way and the service has not seen it. Redirects are not
 * followed unless `init` says so: the token is for the mesh alone. Rejects with a
 * `CapmeshError` where there is no token, throws a RangeError for estimates that are none.
 */
export function capacityFetch(tokens: TokenSource, options: CapacityFetchOptions = {}): CapacityFetch {
  const { fetch: send = fetch, capacity: always = {}, retries = 0, timing = systemTiming } = options;
  checkRetries(retries);
  checkCall(always);
  return async (input, { capacity, ...init } = {}) => {
    const call = { ...always, ...capacity };
    checkCall(call);
    const replayable = isReplayable(input, init);
    const repeatable = replayable && isIdempotent(input, init);
    const signal = init.signal ?? (input instanceof Request ? input.signal : never);
    let token = await tokens.token();
    let replaced = false;
    for (let attempt = 1; ; ) {
      const response = await send(input, withHeaders(input, init, capacityHeaders(token, call, attempt)));
      if (!response.headers.has(DENIED_HEADER)) return response;
      if (response.status === 401) {
        const other = tokens.replace(token);
        const unseen = replayable && (repeatable || (await isRefusedBefore(input, response)));
        const next = unseen && !replaced ? await other : null;
        if (next === null) return response;
        token = next;
        replaced = true;
      } else {
        const pauseMs = repeatable && attempt <= retries ? pauseAfter(response, attempt, timing.random()) : null;
        if (pauseMs === null) return response;
        await timing.sleep(pauseMs, { signal, ref: true });
        attempt += 1;
      }
      await response.body?.cancel();
    }
  };
}

const pauseAfter = ({ status, headers }: Response, attempt: number, random: number): number | null =>
  status === 429 || status === 503 ? retryPauseMs(headers.get('retry-after'), attempt, random) : null;

function withHeaders(input: string | URL | Request, init: RequestInit, ours: Record<string, string>): RequestInit {
  const headers = headersOf(input, init);
  for (const [name, value] of Object.entries(ours)) headers.set(name, value);
  return { redirect: 'manual', ...init, headers };
}

const headersOf = (input: string | URL | Request, { headers }: RequestInit): Headers =>
  new Headers(headers ?? (input instanceof Request ? input.headers : {}));

function isIdempotent(input: string | URL | Request, init: RequestInit): boolean {
  const method = init.method ?? (input instanceof Request ? input.method : 'GET');
  return IDEMPOTENT.has(method.toUpperCase()) || headersOf(input, init).has('idempotency-key');
}

/** Streams are read once. */
function isReplayable(input: string | URL | Request, { body = null }: RequestInit): boolean {
  if (body === null) return !(input instanceof Request) || input.body === null;
  const whole = [ArrayBuffer, URLSearchParams, FormData, Blob].some((kind) => body instanceof kind);
  return typeof body === 'string' || ArrayBuffer.isView(body) || whole;
}

/** The service of the URL has not seen the call: the refusal is about this edge, not one behind it that was passed on. */
async function isRefusedBefore(input: string | URL | Request, response: Response): Promise<boolean> {
  const refusal = await refusalOfResponse(response);
  const { host } = new URL(input instanceof Request ? input.url : input);
  return refusal?.edge.endsWith(`/${host}`) === true;
}
