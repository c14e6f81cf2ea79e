import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { secondsAndNanos } from '../../platform/protobuf-time.ts';
import { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import type { AccountEvent } from '../state/account.ts';
import type { EventStore } from '../state/event-store.ts';
import type { LedgerStore } from '../state/ledger-store.ts';

interface OwedEvent {
  readonly workload: string;
  readonly event: AccountEvent;
}

/** Events that may wait; those beyond stay with their account and are taken with its next write. */
const WAITING_MAX = 20_000;
/** Events on their way at once: the store takes them in the order in which they were sent. */
const WINDOW = 64;
/** Published events that an account may hold before it is written without them. */
const HELD_MAX = 16;
const RETRY_MS = 500;

/**
 * Carries the events of accounts into the event stream. They are stored with
 * the account first, so that a crash in between loses none; their ids
 * `<account>.<n>` keep them from being there twice.
 */
export class AccountEvents {
  readonly #ledger: LedgerStore;
  readonly #events: Pick<EventStore, 'publish'>;
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #waiting: OwedEvent[] = [];
  /** Highest event number taken, by workload. */
  readonly #taken = new Map<string, number>();
  readonly #forgetting = new Set<string>();
  readonly #aborter = new AbortController();
  readonly #end: () => void;
  #running: Promise<void> | undefined;

  constructor(
    ledger: LedgerStore,
    events: Pick<EventStore, 'publish'>,
    clock: Pick<Clock, 'wallMs'>,
    logger: Pick<Logger, 'warn'>,
  ) {
    this.#ledger = ledger;
    this.#events = events;
    this.#clock = clock;
    this.#logger = logger;
    for (const workload of ledger.workloads()) this.#take(workload);
    this.#end = ledger.subscribe((workload) => this.#take(workload));
  }

  async drained(): Promise<void> {
    await this.#running;
  }

  stop(): void {
    this.#end();
    this.#aborter.abort();
    this.#waiting.length = 0;
  }

  #take(workload: string): void {
    const newest = this.#taken.get(workload) ?? 0;
    for (const event of this.#ledger.unpublishedEvents(workload)) {
      if (event.number <= newest) continue;
      if (this.#waiting.length >= WAITING_MAX) break;
      this.#taken.set(workload, event.number);
      this.#waiting.push({ workload, event });
    }
    if (this.#waiting.length > 0) this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    const { signal } = this.#aborter;
    while (this.#waiting.length > 0 && !signal.aborted) {
      const window = this.#waiting.slice(0, WINDOW);
      try {
        await Promise.all(window.map((owed) => this.#publish(owed)));
        this.#waiting.splice(0, window.length);
        for (const workload of new Set(window.map((owed) => owed.workload))) this.#forget(workload);
      } catch (error) {
        if (signal.aborted) break;
        this.#logger.warn({ err: error }, 'the store did not take an event of an account');
        await delay(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
    this.#running = undefined;
  }

  async #publish({ workload, event }: OwedEvent): Promise<void> {
    await this.#events.publish(eventMessage(workload, event), `${workload}.${event.number}`);
    this.#ledger.markPublished(workload, event);
  }

  /** Replicas that did not publish the events cannot know that they may leave them out. */
  #forget(workload: string): void {
    if (this.#forgetting.has(workload) || this.#ledger.account(workload).events.length < HELD_MAX) return;
    this.#forgetting.add(workload);
    this.#ledger
      .forgetPublished(workload, this.#clock.wallMs())
      .catch((error: unknown) =>
        this.#logger.warn({ err: error, workload }, 'published events stay with their account'),
      )
      .finally(() => this.#forgetting.delete(workload));
  }
}

const eventMessage = (workload: string, event: AccountEvent): CapacityEvent =>
  CapacityEvent.fromPartial({
    workloadId: workload,
    kind: 'grant',
    message: event.message,
    timestamp: secondsAndNanos(event.wallMs),
  });
