import { AckPolicy, DeliverPolicy, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import type { Clock } from '../../platform/clock.ts';
import { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import type { LeaderWrites } from '../leader/leader-writes.ts';
import { appendTogether, type SeriesEvents } from './append-together.ts';
import { type EventFilter, isWanted } from './event-filter.ts';
import { EventSeries } from './event-series.ts';
import { EDITS_SUBJECT, eventSubject, grantsSubject, subjectsOf } from './event-subject.ts';
import { EventsGoneError } from './events-gone.ts';
import { messagesAfter } from './messages-after.ts';
import { EVENTS_STREAM, type Store } from './open-store.ts';

/** Sequences of the oldest and the newest event that are kept; the stream is empty where the oldest is the greater one. */
interface StreamEnds {
  readonly oldest: number;
  readonly newest: number;
}

/** Events from one position on. */
export interface EventWatch {
  /** Sequence that the events come after; who loses the watch before the first event can go on from here. */
  readonly after: number;
  readonly events: AsyncIterable<CapacityEvent>;
}

/** A consumer that is only asked where it would begin is forgotten after this time, ms. */
const PROBE_MS = 1000;

/** Capacity events in the stream `CAPMESH_EVENTS`: at least once, in order for each workload. */
export class EventStore {
  readonly #connection: NatsConnection;
  readonly #jetstream: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #clock: Pick<Clock, 'wallMs'>;

  constructor(
    { connection, jetstream, manager }: Pick<Store, 'connection' | 'jetstream' | 'manager'>,
    clock: Pick<Clock, 'wallMs'>,
  ) {
    this.#connection = connection;
    this.#jetstream = jetstream;
    this.#manager = manager;
    this.#clock = clock;
  }

  /**
   * Stores one event and answers its sequence; the same `id` within 10 minutes is
   * stored once. With `writes` it is the leader's word: rejects unless it leads.
   */
  async publish(event: CapacityEvent, id: string, writes?: LeaderWrites): Promise<number> {
    writes?.require();
    const ack = await this.#jetstream.publish(eventSubject(event), CapacityEvent.encode(event).finish(), {
      msgID: id,
      ...(writes === undefined ? {} : { headers: writes.headers() }),
    });
    return ack.seq;
  }

  /** What happens to one account, numbered by it. */
  grants(workload: string): EventSeries {
    return this.#series(grantsSubject(workload), workload);
  }

  /** Appends to several series at once; answers for each of them as its `append` would. */
  append(parts: readonly SeriesEvents[]): Promise<PromiseSettledResult<void>[]> {
    return appendTogether(this.#connection, parts);
  }

  /** Edits of the mesh, numbered by their revision. No workload bears the name of the series. */
  edits(): EventSeries {
    return this.#series(EDITS_SUBJECT, '_mesh.config');
  }

  /**
   * Opens a watch: events from where the filter says, then as they come; they end
   * when `signal` aborts, or with `storedOnly`. Throws `EventsGoneError` where
   * events behind the sequence asked for are not kept any more; so do the events
   * where the stream drops what their reader has not come to yet.
   */
  async watch(filter: EventFilter, signal: AbortSignal): Promise<EventWatch> {
    const ends = await this.#ends();
    const after = await this.#startOf(filter, ends);
    if (after + 1 < ends.oldest || after > ends.newest) throw new EventsGoneError(after, ends);
    return { after, events: this.#read(filter, after, filter.storedOnly ? ends.newest : null, signal) };
  }

  async *#read(
    filter: EventFilter,
    after: number,
    until: number | null,
    signal: AbortSignal,
  ): AsyncGenerator<CapacityEvent> {
    if (until !== null && after >= until) return;
    const onGap = async (position: number): Promise<void> => {
      const ends = await this.#ends();
      if (ends.oldest > position + 1) throw new EventsGoneError(position, ends);
    };
    const where = { stream: EVENTS_STREAM, after, until, subjects: subjectsOf(filter), onGap };
    let newestEpoch = 0;
    for await (const { data, sequence, headers, epoch } of messagesAfter(this.#jetstream, where, signal)) {
      const event = { ...CapacityEvent.decode(data), sequence, id: headers?.get('Nats-Msg-Id') ?? '' };
      if (isDecision(event) && epoch < newestEpoch) continue;
      newestEpoch = Math.max(newestEpoch, epoch);
      if (isWanted(event, filter)) yield event;
    }
  }

  async #startOf(filter: EventFilter, { oldest, newest }: StreamEnds): Promise<number> {
    const { afterSequence, fromStart = false, sinceWallMs = null } = filter;
    if (sinceWallMs !== null) return Math.max(oldest - 1, await this.#lastBefore(sinceWallMs));
    if (fromStart) return oldest - 1;
    return afterSequence === 0 ? newest : afterSequence;
  }

  /** Sequence before the first event that the store took at or after a time. */
  async #lastBefore(wallMs: number): Promise<number> {
    const probe = await this.#manager.consumers.add(EVENTS_STREAM, {
      deliver_policy: DeliverPolicy.StartTime,
      opt_start_time: new Date(wallMs).toISOString(),
      ack_policy: AckPolicy.None,
      inactive_threshold: nanos(PROBE_MS),
      mem_storage: true,
    });
    return probe.delivered.stream_seq;
  }

  async #ends(): Promise<StreamEnds> {
    const { state } = await this.#manager.streams.info(EVENTS_STREAM);
    return { oldest: Math.max(1, state.first_seq), newest: state.last_seq };
  }

  #series(subject: string, name: string): EventSeries {
    return new EventSeries({
      store: { connection: this.#connection, manager: this.#manager },
      subject,
      name,
      clock: this.#clock,
    });
  }
}

/**
 * What a leader decided counts only while it led. What it tells of the ledger or
 * the configuration is the same whoever tells it: it counts.
 */
const isDecision = ({ kind }: CapacityEvent): boolean => kind === 'gate' || kind === 'action';
