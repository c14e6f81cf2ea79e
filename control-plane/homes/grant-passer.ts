import type { Msg, NatsConnection } from '@nats-io/transport-node';
import type { GrantRequest } from '../../core/admission/admit-grant.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { DecidedGrant } from '../../proto/gen/capmesh/v1/grant_passing.ts';
import type { GrantOutcome } from '../admission/admit-into.ts';
import { StoreBusyError } from '../state/compare-and-set.ts';
import { homeOf, type ReplicaProcess } from './home-of.ts';
import { answeringHome, answersSubject, homeSubject } from './homes-subject.ts';
import { decodeDecided, encodePassed, outcomeOf } from './passed-grants.ts';
import { TurnOutbox } from './turn-outbox.ts';

export interface GrantPasserOptions {
  readonly connection: NatsConnection;
  readonly mesh: string;
  /** Largest message. */
  readonly bytesMax: number;
  readonly self: ReplicaProcess;
  /** Replicas that decide what is passed on to them, this one among them where it does. */
  readonly homes: () => readonly ReplicaProcess[];
  /** Whether NATS can be reached. */
  readonly isReachable: () => boolean;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
}

/** A home that has said nothing for this long while it owes answers has to answer nothing more. */
export const SILENT_MS = 500;
/** From passing a request on to deciding it here, also where its home answers others. */
export const WAIT_MAX_MS = 1000;
/** So long nothing is passed on to a home that did not answer: a replica that is silent counts as gone by then. */
export const PASSED_OVER_MS = 4000;
/** How often waiting is looked at. */
const LOOK_MS = 50;
/** Requests that wait for one home. */
const WAITING_MAX = 4096;

interface Waiting {
  readonly request: GrantRequest;
  /** On the monotonic clock. */
  readonly untilMs: number;
  readonly resolve: (outcome: GrantOutcome | null) => void;
  readonly reject: (error: unknown) => void;
}

/** What is on its way to one home. */
interface Lane {
  /** By grant, oldest first. */
  readonly waiting: Map<string, Waiting>;
  /** When the home was heard last, or began to owe answers. */
  heardMs: number;
}

/**
 * Passes requests for grants on to the replicas that their accounts are at home at,
 * so that one replica writes an account: no compare-and-set is lost, and what waits
 * becomes one write. Nothing depends on it: what a home does not answer in time is
 * decided here, under the same grant id.
 */
export class GrantPasser {
  readonly #options: GrantPasserOptions;
  readonly #outbox: TurnOutbox;
  readonly #lanes = new Map<string, Lane>();
  /** Until when homes get nothing, by process. */
  readonly #passedOver = new Map<string, number>();
  readonly #end: () => void;
  #look: NodeJS.Timeout | undefined;
  #passed = 0;
  #takenBack = 0;

  constructor(options: GrantPasserOptions) {
    const { connection, mesh, self, bytesMax, logger } = options;
    this.#options = options;
    this.#outbox = new TurnOutbox((home, message) => {
      const reply = answersSubject(mesh, self.process, home);
      if (!connection.isClosed()) connection.publish(homeSubject(mesh, home), message, { reply });
    }, bytesMax);
    const subscription = connection.subscribe(answersSubject(mesh, self.process, '*'), {
      callback: (error, message) => {
        try {
          if (error !== null) throw error;
          this.#hear(message);
        } catch (failure) {
          logger.warn({ err: failure }, 'the answer of a home cannot be read');
        }
      },
    });
    this.#end = () => subscription.unsubscribe();
  }

  /** Requests that were passed on since the start. */
  get passed(): number {
    return this.#passed;
  }

  /** Those of them that their home did not decide. */
  get takenBack(): number {
    return this.#takenBack;
  }

  /**
   * What the home of the account decides. `null` = it is to be decided here, where the
   * account is at home, or where its home does not say what became of it: then a grant
   * of this id may be stored. Rejects with `StoreBusyError` where too many wait for it.
   */
  ask(request: GrantRequest, grantId: string): Promise<GrantOutcome | null> {
    const home = this.#homeOf(request.workload);
    const lane = home === null ? null : this.#laneOf(home);
    if (home === null || lane === null || lane.waiting.size >= WAITING_MAX) return Promise.resolve(null);
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    if (lane.waiting.size === 0) lane.heardMs = nowMs;
    this.#passed += 1;
    return new Promise((resolve, reject) => {
      lane.waiting.set(grantId, { request, untilMs: nowMs + WAIT_MAX_MS, resolve, reject });
      this.#outbox.put(home, encodePassed(request, grantId, clock.wallMs() + WAIT_MAX_MS));
      this.#lookLater();
    });
  }

  /** Hears no more; what waits is decided here. */
  stop(): void {
    this.#end();
    clearTimeout(this.#look);
    for (const lane of this.#lanes.values()) this.#takeAllBack(lane);
  }

  #homeOf(workload: string): string | null {
    const { homes, self, isReachable, clock } = this.#options;
    // NATS would keep requests without bound while it cannot be reached.
    if (!isReachable()) return null;
    const nowMs = clock.monotonicMs();
    const open = homes().filter(({ process }) => (this.#passedOver.get(process) ?? 0) <= nowMs);
    const home = homeOf(workload, open);
    return home === null || home.replica === self.replica ? null : home.process;
  }

  #laneOf(home: string): Lane {
    const known = this.#lanes.get(home);
    if (known !== undefined) return known;
    for (const [process, { waiting }] of this.#lanes) if (waiting.size === 0) this.#lanes.delete(process);
    const lane: Lane = { waiting: new Map(), heardMs: 0 };
    this.#lanes.set(home, lane);
    return lane;
  }

  #hear({ subject, data, headers }: Msg): void {
    const home = answeringHome(subject);
    const lane = this.#lanes.get(home);
    if (lane === undefined) return;
    if (headers?.code === NO_RESPONDERS) {
      this.#passOver(home, lane);
      return;
    }
    lane.heardMs = this.#options.clock.monotonicMs();
    for (const { grantId, outcome } of decodeDecided(data)) {
      const waiting = lane.waiting.get(grantId);
      // One that comes late: it was decided here.
      if (waiting === undefined) continue;
      lane.waiting.delete(grantId);
      this.#settle(waiting, grantId, outcome);
    }
  }

  #settle(waiting: Waiting, grantId: string, outcome: DecidedGrant['outcome']): void {
    if (outcome === undefined) this.#takeBack(waiting);
    else if (outcome.$case === 'busy') waiting.reject(new StoreBusyError(outcome.value));
    else waiting.resolve(outcomeOf(outcome, waiting.request, grantId));
  }

  /** After a pause of this process, answers that have come in it are heard before anything is given up. */
  #lookLater(): void {
    this.#look ??= setTimeout(() => setImmediate(() => this.#lookNow()), LOOK_MS);
  }

  #lookNow(): void {
    this.#look = undefined;
    const nowMs = this.#options.clock.monotonicMs();
    for (const [home, lane] of this.#lanes) {
      if (lane.waiting.size === 0) continue;
      if (nowMs - lane.heardMs >= SILENT_MS) this.#passOver(home, lane);
      for (const [grantId, waiting] of lane.waiting) {
        if (waiting.untilMs > nowMs) break;
        lane.waiting.delete(grantId);
        this.#takeBack(waiting);
      }
      if (lane.waiting.size > 0) this.#lookLater();
    }
  }

  #passOver(home: string, lane: Lane): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const [process, untilMs] of this.#passedOver) if (untilMs <= nowMs) this.#passedOver.delete(process);
    this.#passedOver.set(home, nowMs + PASSED_OVER_MS);
    this.#takeAllBack(lane);
  }

  #takeAllBack({ waiting }: Lane): void {
    for (const each of waiting.values()) this.#takeBack(each);
    waiting.clear();
  }

  #takeBack({ resolve }: Waiting): void {
    this.#takenBack += 1;
    resolve(null);
  }
}

const NO_RESPONDERS = 503;
