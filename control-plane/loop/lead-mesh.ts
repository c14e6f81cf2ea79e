import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../platform/logger.ts';
import type { LeaderWrites } from '../leader/leader-writes.ts';
import type { Term } from '../leader/leadership.ts';
import { type LoopParts, type RunningLoop, startLoop } from './start-loop.ts';

const RETRY_MS = 500;
/** How long a leader that resigns waits for what it owes to the store. */
const DRAIN_MS = 2000;

/** Runs the kernel while this replica leads, and only then: one loop at a time, one for every term. */
export class MeshLeader {
  readonly #start: (writes: LeaderWrites) => Promise<RunningLoop>;
  readonly #writesOf: (term: Term) => LeaderWrites;
  readonly #logger: Pick<Logger, 'warn'>;
  #turn: Promise<void> = Promise.resolve();
  #term: Term | null = null;
  #running: RunningLoop | null = null;

  constructor(parts: LoopParts, writesOf: (term: Term) => LeaderWrites) {
    this.#start = (writes) => startLoop(parts, writes);
    this.#writesOf = writesOf;
    this.#logger = parts.logger;
  }

  /** The loop of this replica; `null` while it does not lead, or is still becoming the leader. */
  get running(): RunningLoop | null {
    return this.#running;
  }

  /** A term begins, or has ended: then what is still owed is the next leader's to decide. */
  change(term: Term | null): void {
    this.#term = term;
    this.#turn = this.#turn.then(() => this.#follow(term));
  }

  /** Settles when the newest change is through. */
  async settled(): Promise<void> {
    await this.#turn;
  }

  /** Ends the loop in good order, while this replica still leads. */
  async stop(): Promise<void> {
    this.#term = null;
    await this.#turn;
    await this.#end(DRAIN_MS);
  }

  async #follow(term: Term | null): Promise<void> {
    await this.#end(0);
    while (term !== null && this.#term === term) {
      try {
        const started = await this.#start(this.#writesOf(term));
        if (this.#term !== term) await started.stop(0);
        else this.#running = started;
        return;
      } catch (error) {
        this.#logger.warn({ err: error, epoch: term.epoch }, 'the kernel cannot be started yet');
        await delay(RETRY_MS);
      }
    }
  }

  async #end(drainMs: number): Promise<void> {
    const running = this.#running;
    this.#running = null;
    await running?.stop(drainMs);
  }
}
