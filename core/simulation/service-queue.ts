import type { Agenda } from './agenda.ts';
import { RingQueue } from './ring-queue.ts';
import { QUEUE_MAX_DEFAULT, type ServiceBehaviour, slowdownFactor } from './service-behaviour.ts';

/** What a queue has to know of an attempt. */
export interface QueuedWork {
  /** Of one server that is neither slow nor shared. */
  workSec: number;
  /** It waits in the queue. */
  waits: boolean;
}

interface Server<T> {
  readonly endpoint: number;
  /** Until then its calls take twice as long. */
  readonly coldUntilSec: number;
  stopped: boolean;
  working: T | null;
}

/** What the queue tells about the attempts that it was given. */
export interface QueueListener<T> {
  /** Its work is done. */
  served(nowSec: number, attempt: T): void;
  /** The queue will not come back to it: its caller left before its turn. */
  released(attempt: T): void;
}

const COLD_FACTOR = 2;

/**
 * Endpoints with some servers each and one queue in front, first come, first
 * served. A call whose caller has left is not begun; one that is in work keeps its
 * server to the end, for nothing.
 */
export class ServiceQueue<T extends QueuedWork> {
  /** How many times longer every call takes. */
  slowness = 1;
  /** Share of the calls that are answered with an error, 0 … 1. */
  errorRatio: number;
  /** Share of the connections that are refused, 0 … 1; 1 = it is down. */
  unreachableRatio = 0;
  readonly #behaviour: ServiceBehaviour;
  readonly #agenda: Agenda;
  readonly #listener: QueueListener<T>;
  readonly #waiting = new RingQueue<T>();
  #idle = new RingQueue<Server<T>>();
  #servers: Server<T>[] = [];
  /** Waiting and in work, without those whose caller left while they waited. */
  #held = 0;

  constructor(behaviour: ServiceBehaviour, agenda: Agenda, listener: QueueListener<T>) {
    this.#behaviour = behaviour;
    this.#agenda = agenda;
    this.#listener = listener;
    this.errorRatio = behaviour.errorRatio ?? 0;
    for (let endpoint = 0; endpoint < (behaviour.endpoints ?? 1); endpoint++) this.startEndpoint(endpoint, 0);
  }

  /** Calls that wait or are in work. */
  get held(): number {
    return this.#held;
  }

  /** Takes no new calls; those that it has are answered. */
  stopEndpoint(endpoint: number): void {
    for (const server of this.#servers) server.stopped ||= server.endpoint === endpoint;
    this.#servers = this.#servers.filter(({ stopped }) => !stopped);
    const idle = this.#idle;
    this.#idle = new RingQueue();
    for (let server = idle.shift(); server; server = idle.shift()) if (!server.stopped) this.#idle.push(server);
  }

  /** @param coldSec for which its calls take twice as long */
  startEndpoint(endpoint: number, nowSec: number, coldSec = 0): void {
    for (let i = 0; i < this.#behaviour.servers; i++) {
      const server: Server<T> = { endpoint, coldUntilSec: nowSec + coldSec, stopped: false, working: null };
      this.#servers.push(server);
      this.#idle.push(server);
    }
    this.#serve(nowSec);
  }

  /** Takes an attempt in; false if too many wait. */
  enter(nowSec: number, attempt: T): boolean {
    this.#forgetLeft();
    if (this.#waiting.length >= (this.#behaviour.queueMax ?? QUEUE_MAX_DEFAULT) && this.#idle.length === 0)
      return false;
    attempt.waits = true;
    this.#held++;
    this.#waiting.push(attempt);
    this.#serve(nowSec);
    return true;
  }

  /** The caller of an attempt that waits has left. */
  leave(attempt: T): void {
    attempt.waits = false;
    this.#held--;
  }

  /** Callers leave in about the order in which they came. */
  #forgetLeft(): void {
    for (let first = this.#waiting.peek(); first !== undefined && !first.waits; first = this.#waiting.peek()) {
      this.#waiting.shift();
      this.#listener.released(first);
    }
  }

  #serve(nowSec: number): void {
    for (;;) {
      this.#forgetLeft();
      if (this.#idle.length === 0) return;
      const attempt = this.#waiting.shift();
      if (attempt === undefined) return;
      const server = this.#idle.shift();
      if (server === undefined) return;
      attempt.waits = false;
      server.working = attempt;
      const cold = nowSec < server.coldUntilSec ? COLD_FACTOR : 1;
      const factor = slowdownFactor(this.#behaviour.slowdown, this.#held, this.#servers.length);
      this.#agenda.add(nowSec + attempt.workSec * factor * this.slowness * cold, this.#done, server);
    }
  }

  readonly #done = (nowSec: number, server: Server<T>): void => {
    const attempt = server.working;
    server.working = null;
    this.#held--;
    if (!server.stopped) this.#idle.push(server);
    this.#serve(nowSec);
    if (attempt !== null) this.#listener.served(nowSec, attempt);
  };
}
