import type { RefusalReason } from '../admission/refusal-reason.ts';
import type { Agenda } from './agenda.ts';
import type { Attempt, Call, CallRoute } from './call-route.ts';
import type { CallTotals } from './call-totals.ts';
import type { NodeEdge } from './node-edge.ts';
import type { Outcome } from './outcome.ts';
import { Patience, type PatienceListener } from './patience.ts';
import type { QueueListener } from './service-queue.ts';
import type { SimulatedNode } from './simulated-node.ts';

/** Envoy waits up to this before it connects a second time (its default back-off). */
const RECONNECT_WAIT_MAX_SEC = 0.025;
/** Calls under way or waiting for a retry; more from outside are dropped and counted. */
export const CALLS_MAX = 500_000;

/**
 * The life of a call: sidecar and breaker → connection → queue → calls of its own →
 * answer, or time-out; then perhaps again. Records of calls and attempts are used
 * again, so that a call leaves no garbage behind.
 */
export class CallFlow implements QueueListener<Attempt>, PatienceListener {
  readonly #random: () => number;
  readonly #agenda: Agenda;
  readonly #totals: CallTotals;
  /** Chooses the Envoy of an attempt; `null` while none is ready. */
  readonly #nodeFor: () => SimulatedNode | null;
  readonly #patience = new Map<number, Patience>();
  readonly #spareCalls: Call[] = [];
  readonly #spareAttempts: Attempt[] = [];
  readonly #class = { prio: 0, retry: false };
  #underWay = 0;

  constructor(random: () => number, agenda: Agenda, totals: CallTotals, nodeFor: () => SimulatedNode | null) {
    this.#random = random;
    this.#agenda = agenda;
    this.#totals = totals;
    this.#nodeFor = nodeFor;
  }

  /** Calls under way or waiting for a retry, also those that services make. */
  get underWay(): number {
    return this.#underWay;
  }

  /** A call from outside, or one that a service makes to answer another. */
  begin(nowSec: number, route: CallRoute, work: number, parent: Attempt | null): void {
    if (parent === null) this.#totals.offered++;
    else parent.holders++;
    if (parent === null && this.#underWay >= CALLS_MAX) {
      this.#totals.dropped++;
      return;
    }
    this.#underWay++;
    this.#try(nowSec, this.#newCall(nowSec, route, work, parent));
  }

  served(nowSec: number, attempt: Attempt): void {
    attempt.pending = 1;
    if (!attempt.failed) this.#callOthers(nowSec, attempt);
    this.#oneBack(nowSec, attempt);
    this.released(attempt);
  }

  released(attempt: Attempt): void {
    attempt.holders--;
    if (attempt.holders === 0) this.#spareAttempts.push(attempt);
  }

  #callOthers(nowSec: number, attempt: Attempt): void {
    for (const { route, mean } of attempt.route.target.callees) {
      const whole = Math.floor(mean);
      const times = whole + (mean > whole && this.#random() < mean - whole ? 1 : 0);
      attempt.pending += times;
      for (let i = 0; i < times; i++) this.begin(nowSec, route, 1, attempt);
    }
  }

  readonly #try = (nowSec: number, call: Call): void => {
    const { route } = call;
    const node = this.#nodeFor();
    const retry = call.tries > 0;
    call.tries++;
    if (retry) route.story.retries++;
    else route.story.offered++;
    if (node === null) {
      route.story.unreachable++;
      this.#ended(nowSec, call, 'unreachable');
      return;
    }
    this.#class.prio = route.prio;
    this.#class.retry = retry;
    const edge = node.edge(route, nowSec);
    const reason = node.refusal(edge, this.#class, nowSec);
    if (reason === null) {
      this.#connect(nowSec, this.#newAttempt(nowSec, call, edge));
      return;
    }
    route.story.refuse(reason);
    this.#ended(nowSec, call, refusedAs(reason));
  };

  #connect(nowSec: number, attempt: Attempt): void {
    const { queue } = attempt.route.target;
    if (queue.unreachableRatio === 0 || this.#random() >= queue.unreachableRatio) {
      attempt.holders++;
      if (queue.enter(nowSec, attempt)) return;
      this.#finish(nowSec, attempt, 'failed');
      this.released(attempt);
    } else if (!attempt.reconnected && attempt.edge.cluster.retries()) {
      attempt.reconnected = true;
      attempt.holders++;
      this.#agenda.add(nowSec + RECONNECT_WAIT_MAX_SEC * this.#random(), this.#reconnect, attempt);
    } else this.#finish(nowSec, attempt, 'unreachable');
  }

  readonly #reconnect = (nowSec: number, attempt: Attempt): void => {
    if (attempt.call !== null) this.#connect(nowSec, attempt);
    this.released(attempt);
  };

  /** One of those that the answer waits for is done. */
  #oneBack(nowSec: number, attempt: Attempt): void {
    attempt.pending--;
    if (attempt.pending === 0) this.#finish(nowSec, attempt, attempt.failed ? 'failed' : 'good');
  }

  /** The attempt comes to its end; its caller may have left before. */
  #finish(nowSec: number, attempt: Attempt, outcome: 'good' | 'failed' | 'unreachable'): void {
    const { call, route, edge } = attempt;
    if (call === null) return;
    attempt.call = null;
    const latencyMs = 1000 * (nowSec - attempt.startSec);
    edge.cluster.ended(outcome, latencyMs, attempt.reconnected);
    if (outcome === 'unreachable') route.story.unreachable++;
    else route.story.answer(latencyMs, outcome === 'good');
    this.#ended(nowSec, call, outcome);
  }

  /** The caller, or Envoy, waits no longer. */
  timeUp(nowSec: number, attempt: Attempt): void {
    const { call, route, edge } = attempt;
    if (call === null) return;
    attempt.call = null;
    if (attempt.waits) route.target.queue.leave(attempt);
    if (attempt.patience.sec < route.target.timeoutSec) edge.cluster.cancelled(attempt.reconnected);
    else edge.cluster.ended('timeout', 0, attempt.reconnected);
    route.story.timeouts++;
    this.#ended(nowSec, call, 'timeout');
  }

  /** An attempt of a call has ended: again, or the call is over. */
  #ended(nowSec: number, call: Call, outcome: Outcome): void {
    const { retry } = call.route;
    if (retry !== null && outcome !== 'good' && outcome !== 'forbidden' && call.tries <= retry.max) {
      const waitMs = retry.backoffMs * 2 ** (call.tries - 1) * (0.5 + this.#random());
      this.#agenda.add(nowSec + waitMs / 1000, this.#try, call);
      return;
    }
    this.#underWay--;
    const { parent, firstSec } = call;
    call.parent = null;
    this.#spareCalls.push(call);
    if (parent === null) {
      this.#totals.ended(outcome, 1000 * (nowSec - firstSec));
      return;
    }
    if (outcome !== 'good') parent.failed = true;
    this.#oneBack(nowSec, parent);
    this.released(parent);
  }

  #newCall(nowSec: number, route: CallRoute, work: number, parent: Attempt | null): Call {
    const call = this.#spareCalls.pop();
    if (call === undefined) return { route, parent, work, tries: 0, firstSec: nowSec };
    call.route = route;
    call.parent = parent;
    call.work = work;
    call.tries = 0;
    call.firstSec = nowSec;
    return call;
  }

  /** Draws what the attempt will need, and puts down its end at the latest. */
  #newAttempt(nowSec: number, call: Call, edge: NodeEdge): Attempt {
    const { route, work } = call;
    const { behaviour, queue } = route.target;
    const draw = behaviour.work === 'fixed' ? 1 : -Math.log(1 - this.#random());
    const workSec = (draw * behaviour.workMs * work) / 1000;
    const failed = this.#random() < queue.errorRatio;
    const patience = this.#patienceOf(route);
    const attempt: Attempt = this.#spareAttempts.pop() ?? emptyAttempt(route, edge, patience);
    attempt.patience = patience;
    attempt.route = route;
    attempt.call = call;
    attempt.edge = edge;
    attempt.startSec = nowSec;
    attempt.workSec = workSec;
    attempt.failed = failed;
    attempt.waits = false;
    attempt.reconnected = false;
    attempt.pending = 0;
    attempt.holders = 1;
    patience.begin(attempt);
    return attempt;
  }

  /** How long an attempt is waited for: by Envoy, or less by its caller. */
  #patienceOf({ target, retry }: CallRoute): Patience {
    const { timeoutSec } = target;
    const sec = retry?.timeoutMs === undefined ? timeoutSec : Math.min(timeoutSec, retry.timeoutMs / 1000);
    const known = this.#patience.get(sec);
    if (known) return known;
    const patience = new Patience(sec, this.#agenda, this);
    this.#patience.set(sec, patience);
    return patience;
  }
}

const emptyAttempt = (route: CallRoute, edge: NodeEdge, patience: Patience): Attempt => ({
  route,
  patience,
  call: null,
  edge,
  startSec: 0,
  workSec: 0,
  failed: false,
  waits: false,
  reconnected: false,
  pending: 0,
  holders: 0,
});

const refusedAs = (reason: RefusalReason): Outcome =>
  reason === 'edge-not-entitled' || reason === 'workload-fenced' ? 'forbidden' : 'refused';
