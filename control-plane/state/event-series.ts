import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../../platform/clock.ts';
import { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import { ATTEMPTS_MAX, StoreBusyError } from './compare-and-set.ts';
import { EVENTS_KEPT_MS, EVENTS_STREAM } from './open-store.ts';
import { type BatchMessage, type BatchOutcome, publishBatch, publishOne } from './publish-batch.ts';

export interface NumberedEvent {
  /** Grows along the series; it may leave numbers out. */
  readonly number: number;
  readonly event: CapacityEvent;
}

export interface EventSeriesOptions {
  readonly store: { readonly connection: NatsConnection; readonly manager: JetStreamManager };
  /** Holds this series and nothing else. */
  readonly subject: string;
  /** Ids of its events are `<name>.<number>`. */
  readonly name: string;
  readonly clock: Pick<Clock, 'wallMs'>;
}

interface Position {
  readonly sequence: number;
  readonly number: number;
}

/** Events of a series that the stream does not have yet. */
export interface OwedEvents {
  /** Number of the newest event that the stream has. */
  readonly after: number;
  /** Oldest first; to be stored all or nothing. */
  readonly events: readonly NumberedEvent[];
  readonly messages: readonly BatchMessage[];
  /** All of them are stored, the last one at this sequence. */
  readonly stored: (sequence: number) => void;
}

/** A batch costs the server as much as this many messages one by one. */
export const ONE_BY_ONE_MAX = 4;

/**
 * Numbered events on a subject of their own: each is there once, and in order,
 * whoever tells them and however often. The store compares the newest sequence
 * of the subject with every write, so neither a process that died before it heard
 * the answer nor one that comes late can repeat, skip or exchange any.
 */
export class EventSeries {
  readonly #options: EventSeriesOptions;
  /** Newest event of the series in the stream; `null` = not known. */
  #position: Position | null = null;

  constructor(options: EventSeriesOptions) {
    this.#options = options;
  }

  /** Number of the newest event in the stream; 0 = there is none. */
  async newestNumber(): Promise<number> {
    this.#position = await this.#look();
    return this.#position.number;
  }

  /**
   * Stores what is not there yet, in order; settles when all of it is. Events that
   * have been told and have gone since are left out. Rejects when the store does not
   * take them; the first of them, or all, may then be there or not.
   */
  async append(events: readonly NumberedEvent[]): Promise<void> {
    if (events.length > ONE_BY_ONE_MAX) await this.#appendTogether(events);
    else for (const each of events) await this.#appendTogether([each]);
  }

  /** What `append` has to store of these events. Until it is told that they are stored, the series does not know where it stands. */
  async owed(events: readonly NumberedEvent[]): Promise<OwedEvents> {
    const known = this.#position ?? (await this.#look());
    const owed = events.filter((each) => each.number > known.number && this.#isKept(each.event));
    const last = owed.at(-1);
    this.#position = last === undefined ? known : null;
    return {
      after: known.number,
      events: owed,
      messages: this.#messages(owed, known.sequence),
      stored: (sequence) => {
        if (last !== undefined) this.#position = { sequence, number: last.number };
      },
    };
  }

  async #appendTogether(events: readonly NumberedEvent[]): Promise<void> {
    for (let vain = 0; vain < ATTEMPTS_MAX; ) {
      const { after, events: owed, messages, stored } = await this.owed(events);
      if (owed.length === 0) return;
      const outcome = await this.#publish(messages);
      if (outcome.kind === 'too-large') throw new Error(`the store takes no batch of ${owed.length} events`);
      if (outcome.kind === 'stored') {
        stored(outcome.revision);
        return;
      }
      const now = await this.#look();
      this.#position = now;
      // Who tells the same events faster does part of the work: the try was not in vain.
      vain = now.number > after ? 0 : vain + 1;
      if (outcome.kind === 'stale' || now.number >= (owed[0]?.number ?? 0)) continue;
      // The store remembers an id whose event has gone from the stream again: one of these was told.
      if (owed.length > 1) for (const each of owed) await this.#appendTogether([each]);
      else this.#position = { ...now, number: owed[0]?.number ?? now.number };
      return;
    }
    throw new StoreBusyError(`events of ${this.#options.name} are told by too many at once`);
  }

  #messages(owed: readonly NumberedEvent[], expectedRevision: number): BatchMessage[] {
    const { subject, name } = this.#options;
    return owed.map(({ number, event }, index) => ({
      subject,
      payload: CapacityEvent.encode(event).finish(),
      headers: { 'Nats-Msg-Id': `${name}.${number}` },
      ...(index === 0 ? { expectedRevision } : {}),
    }));
  }

  #publish(messages: readonly BatchMessage[]): Promise<BatchOutcome> {
    const { connection } = this.#options.store;
    const [only] = messages;
    return only !== undefined && messages.length === 1
      ? publishOne(connection, only)
      : publishBatch(connection, messages);
  }

  async #look(): Promise<Position> {
    const { store, subject, name } = this.#options;
    const stored = await store.manager.streams.getMessage(EVENTS_STREAM, { last_by_subj: subject });
    if (stored === null) return { sequence: 0, number: 0 };
    const id = stored.header.get('Nats-Msg-Id');
    const number = id.startsWith(`${name}.`) ? Number(id.slice(name.length + 1)) : Number.NaN;
    if (!Number.isSafeInteger(number)) throw new Error(`${subject} holds an event that is not of ${name}: ${id}`);
    return { sequence: stored.seq, number };
  }

  #isKept({ timestamp }: CapacityEvent): boolean {
    const wallMs = (timestamp?.seconds ?? 0) * 1000;
    return wallMs > this.#options.clock.wallMs() - EVENTS_KEPT_MS;
  }
}
