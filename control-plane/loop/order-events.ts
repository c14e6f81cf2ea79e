import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { secondsAndNanos } from '../../platform/protobuf-time.ts';
import { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import type { EventStore } from '../state/event-store.ts';
import { RetryingQueue } from './retrying-queue.ts';

const WAITING_MAX = 1000;

/** Tells the event stream of orders about actions, once for all replicas that see them. */
export class OrderEvents {
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #queue: RetryingQueue<{ readonly event: CapacityEvent; readonly id: string }>;

  constructor(events: Pick<EventStore, 'publish'>, clock: Pick<Clock, 'wallMs'>, logger: Pick<Logger, 'warn'>) {
    this.#clock = clock;
    this.#queue = new RetryingQueue({
      send: ({ event, id }) => events.publish(event, id),
      onError: (error) => logger.warn({ err: error }, 'the store did not take an event of an order'),
      waitingMax: WAITING_MAX,
    });
  }

  /** What is told twice with the same id is there once. */
  tell(message: string, id: string): void {
    const timestamp = secondsAndNanos(this.#clock.wallMs());
    const event = CapacityEvent.fromPartial({ kind: 'config', message, timestamp });
    this.#queue.push({ event, id: `_mesh.${id}` });
  }

  drained(): Promise<void> {
    return this.#queue.drained();
  }

  stop(): void {
    this.#queue.stop();
  }
}
