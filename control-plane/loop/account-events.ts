import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { secondsAndNanos } from '../../platform/protobuf-time.ts';
import { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import type { AccountEvent } from '../state/account.ts';
import type { SeriesEvents } from '../state/append-together.ts';
import type { EventSeries } from '../state/event-series.ts';
import type { LedgerStore } from '../state/ledger-store.ts';

/** Events that become one write. */
const ROUND_MAX = 512;
/** What comes within this time of a write is told together: a write costs much, and little for each event. */
const GATHER_MS = 50;
/** Published events that an account may hold before it is written without them. */
const HELD_MAX = 16;
/** By then whoever writes the account anyway has left them out. */
const FORGET_AFTER_MS = 2000;
const RETRY_MS = 500;

export interface AccountEventsOptions {
  readonly ledger: LedgerStore;
  readonly series: (workload: string) => EventSeries;
  /** Stores events of several series; answers for each. */
  readonly append: (parts: readonly SeriesEvents[]) => Promise<PromiseSettledResult<void>[]>;
  /** Told of the newest event of an account that is in the stream, by its number. */
  readonly onPublished: (workload: string, number: number) => void;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Events of one account that are on their way. */
interface Told {
  readonly workload: string;
  readonly lastNumber: number;
  readonly part: SeriesEvents;
}

/**
 * Carries the events of accounts into the event stream. They are stored with
 * the account first, so that a crash in between loses none; there they stay until
 * the stream has them, so that nothing waits here.
 */
export class AccountEvents {
  readonly #options: AccountEventsOptions;
  readonly #series = new Map<string, EventSeries>();
  /** Accounts that hold events to tell. */
  readonly #due = new Set<string>();
  /** Accounts that the store has refused, and until when they wait; monotonic milliseconds. */
  readonly #refused = new Map<string, number>();
  #telling: Promise<void> | undefined;
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
    await this.#telling;
  }

  stop(): void {
    this.#end();
    this.#aborter.abort();
    this.#due.clear();
  }

  #take(workload: string): void {
    if (this.#due.has(workload) || this.#options.ledger.unpublishedEvents(workload).length === 0) return;
    this.#due.add(workload);
    this.#telling ??= this.#tellAll();
  }

  /** Round after round, until no account holds anything more to tell. */
  async #tellAll(): Promise<void> {
    const { signal } = this.#aborter;
    while (this.#due.size > 0 && !signal.aborted) {
      const round = this.#nextRound();
      if (round.length > 0) await this.#tell(round);
      const isFull = round.reduce((sum, { part }) => sum + part.events.length, 0) >= ROUND_MAX;
      if (!isFull) await delay(GATHER_MS, undefined, { signal }).catch(() => {});
    }
    this.#telling = undefined;
  }

  /** Takes what is due, as much as one write may hold. */
  #nextRound(): Told[] {
    const { ledger, clock } = this.#options;
    const round: Told[] = [];
    let room = ROUND_MAX;
    for (const workload of this.#due) {
      if (room === 0) break;
      if ((this.#refused.get(workload) ?? 0) > clock.monotonicMs()) continue;
      this.#due.delete(workload);
      const events = ledger.unpublishedEvents(workload).slice(0, room);
      const lastNumber = events.at(-1)?.number;
      if (lastNumber === undefined) continue;
      room -= events.length;
      const numbered = events.map((event) => ({ number: event.number, event: eventMessage(workload, event) }));
      round.push({ workload, lastNumber, part: { series: this.#seriesOf(workload), events: numbered } });
    }
    return round;
  }

  async #tell(round: readonly Told[]): Promise<void> {
    const { ledger, append, onPublished, clock, logger } = this.#options;
    const outcomes = await settledEach(round, append);
    if (this.#aborter.signal.aborted) return;
    for (const [index, { workload, lastNumber }] of round.entries()) {
      const outcome = outcomes[index];
      if (outcome?.status === 'fulfilled') {
        this.#refused.delete(workload);
        ledger.markPublished(workload, lastNumber);
        onPublished(workload, lastNumber);
        this.#forgetLater(workload);
      } else {
        this.#refused.set(workload, clock.monotonicMs() + RETRY_MS);
        logger.warn({ err: outcome?.reason, workload }, 'the store did not take the events of an account');
      }
      this.#take(workload);
    }
  }

  #seriesOf(workload: string): EventSeries {
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

/** A write that fails as a whole fails for each. */
async function settledEach(
  round: readonly Told[],
  append: AccountEventsOptions['append'],
): Promise<PromiseSettledResult<void>[]> {
  try {
    return await append(round.map(({ part }) => part));
  } catch (reason) {
    return round.map(() => ({ status: 'rejected', reason }));
  }
}

const eventMessage = (workload: string, event: AccountEvent): CapacityEvent =>
  CapacityEvent.fromPartial({
    workloadId: workload,
    kind: 'grant',
    message: event.message,
    timestamp: secondsAndNanos(event.wallMs),
  });
