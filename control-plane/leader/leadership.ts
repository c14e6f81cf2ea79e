import type { KV } from '@nats-io/kv';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { putIfUnchanged } from '../state/compare-and-set.ts';
import { type Attempt, Election, type LeaderRecord, RENEW_INTERVAL_MS, type StoredLeader } from './election.ts';

export interface LeadershipOptions {
  readonly kv: KV;
  readonly mesh: string;
  /** Stays the same when the replica is started again. */
  readonly replica: string;
  /** Unique for this process. */
  readonly process: string;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** One time of leading: what its holder writes under. */
export interface Term {
  readonly epoch: number;
  /** The process that leads. */
  readonly process: string;
  /** False once another leads, and while the leadership could not be renewed for 1.5 s. */
  mayWrite(): boolean;
}

/** Who leads, as one replica knows it. */
export interface LeadershipState {
  readonly role: 'leader' | 'follower';
  /** Newest epoch known; 0 = there was no leader yet. */
  readonly epoch: number;
  /** The replica that leads; empty = nobody. */
  readonly leader: string;
}

/** What happens to this replica: a term begins, or the one before has ended (`null`). */
export type OnTerm = (term: Term | null) => void;

/** The store is not waited for longer than this; what it answers later is seen with the next look. */
const WAIT_MS = 1000;

/**
 * Takes part in the election of the mesh's leader, key `leader.<mesh>` of the
 * bucket `capmesh_control`: every half second the leader renews its record and
 * the others read it.
 */
export class Leadership {
  readonly #options: LeadershipOptions;
  readonly #election: Election;
  readonly #key: string;
  readonly #onTerm: OnTerm;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  #told: number | null = null;
  #isOnTurn = false;
  #isStopped = false;

  private constructor(options: LeadershipOptions, onTerm: OnTerm) {
    this.#options = options;
    this.#election = new Election({ replica: options.replica, process: options.process });
    this.#key = `leader.${options.mesh}`;
    this.#onTerm = onTerm;
  }

  /** Returns after the first look, and the attempt that may follow it. */
  static async join(options: LeadershipOptions, onTerm: OnTerm): Promise<Leadership> {
    const leadership = new Leadership(options, onTerm);
    await leadership.#takeTurn();
    leadership.#schedule();
    return leadership;
  }

  /** Whom this replica knows as the leader; `null` = nobody yet. */
  get leader(): LeaderRecord | null {
    return this.#election.leader;
  }

  /** Epoch of its own leadership; `null` while it does not lead. */
  get epoch(): number | null {
    return this.#election.epoch;
  }

  /** Another leader has been met in the store: looks at once. */
  lookAgain(): void {
    if (!this.#isOnTurn) this.#schedule(0);
  }

  /** Ends taking part; a leader resigns, so that another follows at once. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#turn;
    const resignation = this.#election.resignation(this.#nowMs());
    this.#tell();
    if (resignation !== null) await this.#try(resignation).catch((error: unknown) => this.#warn(error));
  }

  #schedule(waitMs = RENEW_INTERVAL_MS): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#isOnTurn = true;
      this.#turn = this.#takeTurn().finally(() => {
        this.#isOnTurn = false;
        this.#schedule();
      });
    }, waitMs);
  }

  async #takeTurn(): Promise<void> {
    try {
      if (this.#election.epoch === null) this.#election.saw(await this.#read(), this.#nowMs());
      const attempt = this.#election.attempt(this.#nowMs());
      if (attempt !== null && !(await this.#try(attempt))) this.#election.saw(await this.#read(), this.#nowMs());
    } catch (error) {
      this.#warn(error);
      // It is not known whether the attempt was stored.
      await this.#read()
        .then((stored) => this.#election.saw(stored, this.#nowMs()))
        .catch(() => {});
    }
    this.#tell();
  }

  /** Answers whether it was stored. */
  async #try(attempt: Attempt): Promise<boolean> {
    const { kv } = this.#options;
    const revision = await within(putIfUnchanged(kv, this.#key, JSON.stringify(attempt.record), attempt.revision));
    if (revision === null) return false;
    this.#election.stored(attempt, revision, this.#nowMs());
    return true;
  }

  async #read(): Promise<StoredLeader> {
    const entry = await within(this.#options.kv.get(this.#key));
    if (entry === null) return { record: null, revision: 0 };
    return { record: entry.operation === 'PUT' ? readRecord(entry.string()) : null, revision: entry.revision };
  }

  #tell(): void {
    const { epoch } = this.#election;
    if (epoch === this.#told) return;
    const { logger, replica, process } = this.#options;
    if (this.#told !== null) {
      logger.info({ replica, epoch: this.#told }, 'no longer leads');
      this.#onTerm(null);
    }
    this.#told = epoch;
    if (epoch === null) return;
    logger.info({ replica, epoch }, 'leads');
    this.#onTerm({
      epoch,
      process,
      mayWrite: () => this.#election.epoch === epoch && this.#election.mayWrite(this.#nowMs()),
    });
  }

  #warn(error: unknown): void {
    this.#options.logger.warn({ err: error }, 'the leadership can be neither read nor renewed');
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}

/** What cannot be read names nobody. */
function readRecord(json: string): LeaderRecord | null {
  try {
    const { replica, process, epoch } = JSON.parse(json) as Partial<LeaderRecord>;
    const isRecord = typeof replica === 'string' && typeof process === 'string' && Number.isSafeInteger(epoch);
    return isRecord ? ({ replica, process, epoch } as LeaderRecord) : null;
  } catch {
    return null;
  }
}

async function within<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the store did not answer within ${WAIT_MS} ms`)), WAIT_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
    answer.catch(() => {});
  }
}
