import {
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  type OrderedConsumerOptions,
} from '@nats-io/jetstream';
import { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import { type GateState, GateStatus } from '../../proto/gen/capmesh/v1/gates.ts';
import { epochOf, type LeaderWrites } from '../leader/leader-writes.ts';
import { EVENTS_STREAM, type Store } from './open-store.ts';
import { readStream, type StoredMessage, sinceTime } from './read-stream.ts';

/** Which events a watcher wants; empty strings stand for all. */
export interface EventFilter {
  /** Start after this sequence; 0 = only new events. */
  readonly afterSequence: number;
  readonly workload: string;
  readonly gate: string;
  readonly service?: string;
  /** Start with the oldest event kept; then `afterSequence` is not looked at. */
  readonly fromStart?: boolean;
  /** Start with events since then, UTC milliseconds; `null` = as the fields above say. */
  readonly sinceWallMs?: number | null;
  /** End where the stream ends now. */
  readonly storedOnly?: boolean;
}

type EventMessage = Pick<StoredMessage, 'data' | 'sequence' | 'epoch'>;

/** Capacity events in the stream `CAPMESH_EVENTS`: at least once, in order for each workload. */
export class EventStore {
  readonly #jetstream: JetStreamClient;
  readonly #manager: JetStreamManager;

  constructor({ jetstream, manager }: Pick<Store, 'jetstream' | 'manager'>) {
    this.#jetstream = jetstream;
    this.#manager = manager;
  }

  /**
   * Stores one event and answers its sequence; the same `id` within 10 minutes is
   * stored once. With `writes` it is the leader's word: rejects unless it leads.
   */
  async publish(event: CapacityEvent, id: string, writes?: LeaderWrites): Promise<number> {
    writes?.require();
    const ack = await this.#jetstream.publish(subjectOf(event.workloadId), CapacityEvent.encode(event).finish(), {
      msgID: id,
      ...(writes === undefined ? {} : { headers: writes.headers() }),
    });
    return ack.seq;
  }

  /** Id of the newest event that is about the mesh as a whole; `null` = none is kept. */
  async newestMeshEventId(): Promise<string | null> {
    const stored = await this.#manager.streams.getMessage(EVENTS_STREAM, { last_by_subj: subjectOf('') });
    return stored?.header.get('Nats-Msg-Id') || null;
  }

  /** Events from where the filter says, then as they come; ends when `signal` aborts, or with `storedOnly`. */
  async *watch(filter: EventFilter, signal: AbortSignal): AsyncGenerator<CapacityEvent> {
    const start = consumerOptions(filter);
    const messages = filter.storedOnly
      ? readStream(this.#jetstream, EVENTS_STREAM, start)
      : this.#follow(start, signal);
    let newestEpoch = 0;
    for await (const { data, sequence, epoch } of messages) {
      if (signal.aborted) return;
      const event = { ...CapacityEvent.decode(data), sequence };
      if (isDecision(event) && epoch < newestEpoch) continue;
      newestEpoch = Math.max(newestEpoch, epoch);
      if (isWanted(event, filter)) yield event;
    }
  }

  async *#follow(start: Partial<OrderedConsumerOptions>, signal: AbortSignal): AsyncGenerator<EventMessage> {
    const consumer = await this.#jetstream.consumers.get(EVENTS_STREAM, start);
    const messages = await consumer.consume();
    const stop = (): void => messages.stop();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      if (signal.aborted) {
        return;
      }
      for await (const { data, seq, headers } of messages) yield { data, sequence: seq, epoch: epochOf(headers) };
    } finally {
      signal.removeEventListener('abort', stop);
      messages.stop();
    }
  }
}

/**
 * What a leader decided counts only while it led. What it tells of the ledger or
 * the configuration is the same whoever tells it, and is stored once: it counts.
 */
const isDecision = ({ kind }: CapacityEvent): boolean => kind === 'gate' || kind === 'action';

/** Events without a workload are about the mesh as a whole. */
const subjectOf = (workload: string): string => `capmesh.v1.events.${workload === '' ? '_mesh' : workload}`;

function consumerOptions(filter: EventFilter): Partial<OrderedConsumerOptions> {
  const { workload } = filter;
  return {
    ...whereToStart(filter),
    ...(workload === '' ? {} : { filter_subjects: [`capmesh.v1.events.${workload}`] }),
  };
}

function whereToStart(filter: EventFilter): Partial<OrderedConsumerOptions> {
  const { afterSequence, fromStart = false, sinceWallMs = null } = filter;
  if (sinceWallMs !== null) return sinceTime(sinceWallMs);
  if (fromStart) return { deliver_policy: DeliverPolicy.All };
  if (afterSequence === 0) return { deliver_policy: DeliverPolicy.New };
  return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: afterSequence + 1 };
}

const isWanted = (event: CapacityEvent, { gate, service = '' }: EventFilter): boolean =>
  (gate === '' || concernsGate(event, gate)) && (service === '' || event.service === service);

/** Events that act on a gate or tell that it fails. */
function concernsGate(event: CapacityEvent, gate: string): boolean {
  const verdict = event.gates?.[gate as keyof GateState];
  return event.actionTaken?.gate === gate || verdict?.status === GateStatus.GATE_STATUS_FAIL;
}
