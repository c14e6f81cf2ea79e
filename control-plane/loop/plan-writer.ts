import { setTimeout as delay } from 'node:timers/promises';
import type { CapacityPlan } from '../../core/allocators/capacity-plan.ts';
import type { Logger } from '../../platform/logger.ts';
import type { LeaderWrites } from '../leader/leader-writes.ts';
import type { PlanOrigin, PlanStore } from '../state/plan-store.ts';

const RETRY_MS = 500;

interface Draft {
  readonly plan: CapacityPlan;
  readonly origin: PlanOrigin;
}

/**
 * Brings the kernel's plans into the store, one write at a time: what comes
 * meanwhile is one plan, the newest. A write that fails is tried again.
 */
export class PlanWriter {
  readonly #store: Pick<PlanStore, 'write'>;
  readonly #writes: LeaderWrites;
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #aborter = new AbortController();
  #newest: Draft | null = null;
  #owed: Draft | null = null;
  #running: Promise<void> | undefined;

  constructor(store: Pick<PlanStore, 'write'>, writes: LeaderWrites, logger: Pick<Logger, 'warn'>) {
    this.#store = store;
    this.#writes = writes;
    this.#logger = logger;
  }

  push(plan: CapacityPlan, origin: Pick<PlanOrigin, 'revision' | 'edited'>): void {
    this.#owe({ plan, origin: { ...origin, held: this.#newest?.origin.held ?? false } });
  }

  /** An edit that changes no number: the newest plan is the plan of this revision too. */
  confirm(revision: number): void {
    if (this.#newest === null) return;
    const { plan, origin } = this.#newest;
    this.#owe({ plan, origin: { ...origin, revision, edited: true } });
  }

  /** Routes and clusters that nobody edited wait while `held`. An operator's edit never waits: it may be the cure. */
  hold(held: boolean): void {
    if (this.#newest === null) return;
    const { plan, origin } = this.#newest;
    this.#owe({ plan, origin: { ...origin, edited: false, held } });
  }

  /** Settles when the store has the newest plan. */
  async drained(): Promise<void> {
    await this.#running;
  }

  stop(): void {
    this.#aborter.abort();
    this.#owed = null;
  }

  #owe(draft: Draft): void {
    if (this.#aborter.signal.aborted) return;
    this.#newest = draft;
    const edited = draft.origin.edited || (this.#owed?.origin.edited ?? false);
    this.#owed = { plan: draft.plan, origin: { ...draft.origin, edited } };
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    const { signal } = this.#aborter;
    while (this.#owed !== null && !signal.aborted) {
      const draft: Draft = this.#owed;
      try {
        await this.#store.write(draft.plan, draft.origin, this.#writes);
        if (this.#owed === draft) this.#owed = null;
      } catch (error) {
        if (signal.aborted) break;
        this.#logger.warn({ err: error }, 'the store did not take a plan');
        await delay(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
    this.#running = undefined;
  }
}
