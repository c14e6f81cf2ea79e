import type { Logger } from '../../platform/logger.ts';
import { secondsAndNanos } from '../../platform/protobuf-time.ts';
import { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import type { AccountEvent } from '../state/account.ts';
import type { EventStore } from '../state/event-store.ts';
import type { LedgerStore } from '../state/ledger-store.ts';
import { RetryingQueue } from './retrying-queue.ts';

interface OwedEvent {
  readonly workload: string;
  readonly event: AccountEvent;
}

const WAITING_MAX = 10_000;

/**
 * Carries the events of accounts into the event stream. They are stored with
 * the account first, so that a crash in between loses none; their ids
 * `<account>.<n>` keep them from being there twice.
 */
export class AccountEvents {
  readonly #ledger: LedgerStore;
  readonly #queue: RetryingQueue<OwedEvent>;
  /** Highest event number taken into the queue, by workload. */
  readonly #queued = new Map<string, number>();
  readonly #end: () => void;

  constructor(ledger: LedgerStore, events: Pick<EventStore, 'publish'>, logger: Pick<Logger, 'warn'>) {
    this.#ledger = ledger;
    this.#queue = new RetryingQueue({
      send: async ({ workload, event }) => {
        await events.publish(eventMessage(workload, event), `${workload}.${event.number}`);
        ledger.markPublished(workload, event);
      },
      onError: (error) => logger.warn({ err: error }, 'the store did not take an event of an account'),
      waitingMax: WAITING_MAX,
    });
    for (const workload of ledger.workloads()) this.#take(workload);
    this.#end = ledger.subscribe((workload) => this.#take(workload));
  }

  async drained(): Promise<void> {
    await this.#queue.drained();
  }

  stop(): void {
    this.#end();
    this.#queue.stop();
  }

  #take(workload: string): void {
    const newest = this.#queued.get(workload) ?? 0;
    for (const event of this.#ledger.unpublishedEvents(workload)) {
      if (event.number <= newest) continue;
      this.#queued.set(workload, event.number);
      this.#queue.push({ workload, event });
    }
  }
}

const eventMessage = (workload: string, event: AccountEvent): CapacityEvent =>
  CapacityEvent.fromPartial({
    workloadId: workload,
    kind: 'grant',
    message: event.message,
    timestamp: secondsAndNanos(event.wallMs),
  });
