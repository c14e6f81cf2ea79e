import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { secondsAndNanos } from '../../platform/protobuf-time.ts';
import { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import type { AccountEvent } from '../state/account.ts';
import type { EventSeries } from '../state/event-series.ts';
import type { LedgerStore } from '../state/ledger-store.ts';

/** Accounts whose events are on their way at once; each is one write after the other. */
const LANES_MAX = 16;
/** Events of one account that become one write. */
const BATCH_MAX = 64;
/** Published events that an account may hold before it is written without them. */
const HELD_MAX = 16;
/** By then whoever writes the account anyway has left them out. */
const FORGET_AFTER_MS = 2000;
const RETRY_MS = 500;

export interface AccountEventsOptions {
  readonly ledger: LedgerStore;
  readonly series: (workload: string) => Pick<EventSeries, 'append'>;
  /** Told of the newest event of an account that is in the stream, by its number. */
  readonly onPublished: (workload: string, number: number) => void;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly logger: Pick<Logger, 'warn'>;
}

/**
 * Carries the events of accounts into the event stream. They are stored with
 * the account first, so that a crash in between loses none; there they stay until
 * the stream has them, so that nothing waits here.
 */
export class AccountEvents {
  readonly #options: AccountEventsOptions;
  readonly #series = new Map<string, Pick<EventSeries, 'append'>>();
  /** Accounts that hold events to tell and have no lane yet. */
  readonly #due = new Set<string>();
  readonly #lanes = new Map<string, Promise<void>>();
  readonly #forgetting = new Set<string>();
  readonly #aborter = new AbortController();
  readonly #end: () => void;

  constructor(options: AccountEventsOptions) {
    this.#options = options;
    for (const workload of options.ledger.workloads()) this.#take(workload);
    this.#end = options.ledger.subscribe((workload) => this.#take(workload));
  }

  /** Settles when everything is told that the accounts hold. */
  async drained(): Promise<void> {
    while (this.#lanes.size > 0) await Promise.all(this.#lanes.values());
  }

  stop(): void {
    this.#end();
    this.#aborter.abort();
    this.#due.clear();
  }

  #take(workload: string): void {
    if (this.#lanes.has(workload) || this.#options.ledger.unpublishedEvents(workload).length === 0) return;
    this.#due.add(workload);
    this.#openLanes();
  }

  #openLanes(): void {
    for (const workload of this.#due) {
      if (this.#lanes.size >= LANES_MAX) return;
      this.#due.delete(workload);
      const lane = this.#tellAll(workload).finally(() => {
        this.#lanes.delete(workload);
        if (!this.#aborter.signal.aborted) this.#take(workload);
        this.#openLanes();
      });
      this.#lanes.set(workload, lane);
    }
  }

  /** Until the account holds nothing more to tell. A lane that the store refuses waits a moment. */
  async #tellAll(workload: string): Promise<void> {
    const { ledger, onPublished, logger } = this.#options;
    const { signal } = this.#aborter;
    for (;;) {
      const batch = ledger.unpublishedEvents(workload).slice(0, BATCH_MAX);
      const last = batch.at(-1);
      if (last === undefined || signal.aborted) return;
      try {
        await this.#seriesOf(workload).append(
          batch.map((event) => ({ number: event.number, event: eventMessage(workload, event) })),
        );
        ledger.markPublished(workload, last.number);
        onPublished(workload, last.number);
        this.#forgetLater(workload);
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ err: error, workload }, 'the store did not take the events of an account');
        await delay(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
  }

  #seriesOf(workload: string): Pick<EventSeries, 'append'> {
    const known = this.#series.get(workload) ?? this.#options.series(workload);
    this.#series.set(workload, known);
    return known;
  }

  /** An account that nobody writes any more keeps them otherwise. */
  #forgetLater(workload: string): void {
    const { logger } = this.#options;
    if (this.#forgetting.has(workload) || !this.#holdsMany(workload)) return;
    this.#forgetting.add(workload);
    this.#forget(workload)
      .catch((error: unknown) => logger.warn({ err: error, workload }, 'published events stay with their account'))
      .finally(() => this.#forgetting.delete(workload));
  }

  async #forget(workload: string): Promise<void> {
    const { ledger, clock } = this.#options;
    const { signal } = this.#aborter;
    await delay(FORGET_AFTER_MS, undefined, { signal }).catch(() => {});
    if (!signal.aborted && this.#holdsMany(workload)) await ledger.forgetPublished(workload, clock.wallMs());
  }

  #holdsMany(workload: string): boolean {
    return this.#options.ledger.account(workload).events.length >= HELD_MAX;
  }
}

const eventMessage = (workload: string, event: AccountEvent): CapacityEvent =>
  CapacityEvent.fromPartial({
    workloadId: workload,
    kind: 'grant',
    message: event.message,
    timestamp: secondsAndNanos(event.wallMs),
  });
