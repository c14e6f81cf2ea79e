/** How a simulated service behaves. */
export interface ServiceBehaviour {
  /** 1 by default. */
  readonly endpoints?: number | undefined;
  /** Calls that each endpoint works on at once. */
  readonly servers: number;
  /** Mean work of a call, ms of one server. */
  readonly workMs: number;
  /** How the work of calls varies: exponentially distributed by default, or the same for each. */
  readonly work?: 'exponential' | 'fixed' | undefined;
  readonly slowdown?: Slowdown | undefined;
  /** Share of the calls that are answered with an error, 0 … 1; 0 by default. */
  readonly errorRatio?: number | undefined;
  /** Calls that may wait; the rest are answered with an error at once. 10 000 by default. */
  readonly queueMax?: number | undefined;
  /** Mean calls to other services for each call handled. They are made after its own work, at once; the answer waits for all of them. */
  readonly calls?: Readonly<Record<string, number>> | undefined;
  /** Of those calls; none by default. */
  readonly retry?: RetryPolicy | undefined;
}

/**
 * How much longer a service works on a call the more calls it holds: the factor
 * 1 + α(m − 1) + βm(m − 1), the denominator of the Universal Scalability Law
 * (MATHS §B1) at m = calls held (waiting and in work) per server, at least 1.
 */
export interface Slowdown {
  /** α ≥ 0: share of the work that queues behind the work of others. */
  readonly contention: number;
  /** β ≥ 0: cost of keeping every pair of calls coherent. */
  readonly coherency?: number | undefined;
}

/** What a caller does about a call that came to nothing. */
export interface RetryPolicy {
  /** Attempts after the first, 0 … 10. */
  readonly max: number;
  /** Mean wait before the first retry, ms; doubles with each; the wait itself is uniform between half of it and one and a half times it. */
  readonly backoffMs: number;
  /** After which the caller gives an attempt up; absent = it waits as long as Envoy does. */
  readonly timeoutMs?: number | undefined;
}

/** Most attempts after the first that a caller may be given. */
export const RETRIES_MAX = 10;
/** Calls that a service may hold where its queue is given no bound. */
export const QUEUE_MAX_DEFAULT = 10_000;

/** The factor on the work of a call that begins while a service holds `held` calls on `servers` servers. */
export function slowdownFactor(slowdown: Slowdown | undefined, held: number, servers: number): number {
  if (slowdown === undefined || held <= servers) return 1;
  const perServer = held / servers;
  return 1 + (perServer - 1) * (slowdown.contention + (slowdown.coherency ?? 0) * perServer);
}
