import type { LeasePlan } from '../../core/allocators/capacity-plan.ts';
import type { CapacityEventRecord, KernelEffect } from '../../core/kernel/kernel-io.ts';
import type { Logger } from '../../platform/logger.ts';
import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import type { PlanOrigin } from '../state/plan-store.ts';
import { eventMessage } from './event-message.ts';
import type { LoggedDecision } from './logged-decisions.ts';
import type { PlanWriter } from './plan-writer.ts';
import { RetryingQueue } from './retrying-queue.ts';

export interface EffectRunnerOptions {
  readonly plans: Pick<PlanWriter, 'push' | 'hold'>;
  readonly putLease: (lease: LeasePlan) => Promise<unknown>;
  /** Stores an event once, however often it is called with the same id. */
  readonly putEvent: (event: CapacityEvent, id: string) => Promise<unknown>;
  /** Unique for every event of every process. */
  readonly newId: () => string;
  readonly logger: Pick<Logger, 'warn'>;
}

const EVENTS_WAITING_MAX = 10_000;
const LEASES_WAITING_MAX = 10_000;

/** Does what the kernel asks for: everything goes into the store, leases and events each in their order. */
export class EffectRunner {
  readonly #options: EffectRunnerOptions;
  readonly #leases: RetryingQueue<LeasePlan>;
  readonly #events: RetryingQueue<{ readonly record: CapacityEventRecord; readonly id: string }>;

  constructor(options: EffectRunnerOptions) {
    this.#options = options;
    const onError = (error: unknown): void => options.logger.warn({ err: error }, 'the store did not take a write');
    this.#leases = new RetryingQueue({ send: options.putLease, onError, waitingMax: LEASES_WAITING_MAX });
    this.#events = new RetryingQueue({
      send: ({ record, id }) => options.putEvent(eventMessage(record), id),
      onError,
      waitingMax: EVENTS_WAITING_MAX,
    });
  }

  /** Leases and events that were given up because too many waited. */
  get dropped(): number {
    return this.#leases.dropped + this.#events.dropped;
  }

  run(effect: KernelEffect, origin: Pick<PlanOrigin, 'revision' | 'edited'>): void {
    switch (effect.kind) {
      case 'publish-plan':
        this.#options.plans.push(effect.plan, origin);
        break;
      case 'hold-rollout':
        this.#options.plans.hold(effect.held);
        break;
      case 'publish-leases':
        for (const lease of effect.leases) this.#leases.push(lease);
        break;
      case 'emit-event':
        this.#events.push({ record: effect.event, id: this.#options.newId() });
        break;
    }
  }

  /** Tells what a leader before has decided, ahead of everything that is run after. */
  retell({ event, id }: LoggedDecision): void {
    this.#events.push({ record: event, id });
  }

  /** Waits for what is under way. */
  async drained(): Promise<void> {
    await Promise.all([this.#leases.drained(), this.#events.drained()]);
  }

  stop(): void {
    this.#leases.stop();
    this.#events.stop();
  }
}
