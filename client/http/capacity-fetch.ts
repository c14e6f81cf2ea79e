import { type CallCapacity, capacityHeaders, checkCall, type TokenSource } from '../call-headers.ts';
import { DENIED_HEADER } from '../capacity-refusal.ts';
import { checkRetries, retryPauseMs } from '../retry-pause.ts';
import { systemTiming, type Timing } from '../timing.ts';

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
 * Response, which `refusalOfResponse` reads. Calls that may be repeated (idempotent by
 * method or an `Idempotency-Key`, and with a body that can be sent again) are made
 * again as often as `retries` says, not before `Retry-After`; and once where their token
 * was replaced while they were under way. Redirects are not followed unless `init` says
 * so: the token is for the mesh alone. Rejects with a `CapmeshError` where there is no
 * token, throws a RangeError for estimates that are none.
 */
export function capacityFetch(tokens: TokenSource, options: CapacityFetchOptions = {}): CapacityFetch {
  const { fetch: send = fetch, capacity: always = {}, retries = 0, timing = systemTiming } = options;
  checkRetries(retries);
  checkCall(always);
  return async (input, { capacity, ...init } = {}) => {
    const call = { ...always, ...capacity };
    checkCall(call);
    const repeatable = isRepeatable(input, init);
    const signal = init.signal ?? (input instanceof Request ? input.signal : never);
    let token = await tokens.token();
    let replaced = false;
    for (let attempt = 1; ; ) {
      const response = await send(input, withHeaders(input, init, capacityHeaders(token, call, attempt)));
      if (!response.headers.has(DENIED_HEADER)) return response;
      if (response.status === 401) {
        const other = tokens.replace(token);
        const next = repeatable && !replaced ? await other : null;
        if (next === null) return response;
        token = next;
        replaced = true;
      } else {
        const pauseMs = repeatable && attempt <= retries ? pauseAfter(response, attempt, timing.random()) : null;
        if (pauseMs === null) return response;
        await timing.sleep(pauseMs, { signal, ref: true });
        signal.throwIfAborted();
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

function isRepeatable(input: string | URL | Request, init: RequestInit): boolean {
  const method = init.method ?? (input instanceof Request ? input.method : 'GET');
  const idempotent = IDEMPOTENT.has(method.toUpperCase()) || headersOf(input, init).has('idempotency-key');
  return idempotent && isReplayable(init.body ?? null) && !(input instanceof Request && input.body !== null);
}

/** Streams are read once. */
const isReplayable = (body: RequestInit['body']): boolean =>
  body === null ||
  typeof body === 'string' ||
  body instanceof ArrayBuffer ||
  ArrayBuffer.isView(body) ||
  body instanceof URLSearchParams ||
  body instanceof FormData ||
  body instanceof Blob;
