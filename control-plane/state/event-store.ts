import { DeliverPolicy, type JetStreamClient, type OrderedConsumerOptions } from '@nats-io/jetstream';
import { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import { type GateState, GateStatus } from '../../proto/gen/capmesh/v1/gates.ts';
import { EVENTS_STREAM } from './open-store.ts';

/** Which events a watcher wants; empty strings stand for all. */
export interface EventFilter {
  /** Start after this sequence; 0 = only new events. */
  readonly afterSequence: number;
  readonly workload: string;
  readonly gate: string;
  /** Start with the oldest event kept; then `afterSequence` is not looked at. */
  readonly fromStart?: boolean;
}

/** Capacity events in the stream `CAPMESH_EVENTS`: at least once, in order for each workload. */
export class EventStore {
  readonly #jetstream: JetStreamClient;

  constructor(jetstream: JetStreamClient) {
    this.#jetstream = jetstream;
  }

  /** Stores one event and answers its sequence; the same `id` within 10 minutes is stored once. */
  async publish(event: CapacityEvent, id: string): Promise<number> {
    const subject = `capmesh.v1.events.${event.workloadId === '' ? '_mesh' : event.workloadId}`;
    const ack = await this.#jetstream.publish(subject, CapacityEvent.encode(event).finish(), { msgID: id });
    return ack.seq;
  }

  /** Events as they come, from `afterSequence` on; ends when `signal` aborts. */
  async *watch(filter: EventFilter, signal: AbortSignal): AsyncGenerator<CapacityEvent> {
    const consumer = await this.#jetstream.consumers.get(EVENTS_STREAM, consumerOptions(filter));
    const messages = await consumer.consume();
    const stop = (): void => messages.stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (signal.aborted) {
        return;
      }
      for await (const message of messages) {
        const event = { ...CapacityEvent.decode(message.data), sequence: message.seq };
        if (filter.gate === '' || concernsGate(event, filter.gate)) {
          yield event;
        }
      }
    } finally {
      signal.removeEventListener('abort', stop);
      messages.stop();
    }
  }
}

function consumerOptions(filter: EventFilter): Partial<OrderedConsumerOptions> {
  const { workload } = filter;
  return {
    ...whereToStart(filter),
    ...(workload === '' ? {} : { filter_subjects: [`capmesh.v1.events.${workload}`] }),
  };
}

function whereToStart({ afterSequence, fromStart = false }: EventFilter): Partial<OrderedConsumerOptions> {
  if (fromStart) return { deliver_policy: DeliverPolicy.All };
  if (afterSequence === 0) return { deliver_policy: DeliverPolicy.New };
  return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: afterSequence + 1 };
}

/** Events that act on a gate or tell that it fails. */
function concernsGate(event: CapacityEvent, gate: string): boolean {
  const verdict = event.gates?.[gate as keyof GateState];
  return event.actionTaken?.gate === gate || verdict?.status === GateStatus.GATE_STATUS_FAIL;
}
