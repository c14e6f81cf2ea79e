import type { EdgeStory } from './edge-story.ts';
import type { NodeEdge } from './node-edge.ts';
import type { RetryPolicy, ServiceBehaviour } from './service-behaviour.ts';
import type { QueuedWork, ServiceQueue } from './service-queue.ts';

/** A simulated service: what stands behind the Envoys, and whom it calls itself. */
export interface SimulatedService {
  readonly name: string;
  readonly behaviour: ServiceBehaviour;
  readonly queue: ServiceQueue<Attempt>;
  /** Envoy's time-out for a call, retries included. */
  readonly timeoutSec: number;
  readonly callees: Callee[];
}

export interface Callee {
  readonly route: CallRoute;
  /** Calls for each call handled. */
  readonly mean: number;
}

/** Who calls whom, and how. */
export interface CallRoute {
  readonly workload: string;
  readonly service: string;
  readonly target: SimulatedService;
  /** 0 … 9. */
  readonly prio: number;
  /** What the caller does about a call that came to nothing; `null` = nothing. */
  retry: RetryPolicy | null;
  readonly story: EdgeStory;
}

/** What a caller wants done; it lasts until it is good or given up. */
export interface Call {
  route: CallRoute;
  /** Whose answer waits for this call; `null` = it comes from outside. */
  parent: Attempt | null;
  /** Work in units of the service's own. */
  work: number;
  /** Attempts that were made. */
  tries: number;
  firstSec: number;
}

/** How long an attempt is waited for. */
export interface AttemptPatience {
  readonly sec: number;
}

/** One attempt of a call on its way through an Envoy. Used again once nobody holds it. */
export interface Attempt extends QueuedWork {
  route: CallRoute;
  /** `null` once its caller knows the end or has left. */
  call: Call | null;
  edge: NodeEdge;
  patience: AttemptPatience;
  startSec: number;
  /** It will be answered with an error: drawn so, or because a call of its own came to nothing. */
  failed: boolean;
  /** Envoy connected a second time. */
  reconnected: boolean;
  /** Calls of its own that are not back, and 1 while it is still making them. */
  pending: number;
  /** Who will still come back to it: its time-out, the queue, calls of its own. */
  holders: number;
}
