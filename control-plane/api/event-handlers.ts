import type { Clock } from '../../platform/clock.ts';
import type { WatchEventsRequest } from '../../proto/gen/capmesh/v1/admin_service.ts';
import type { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import type { EventStore, EventWatch } from '../state/event-store.ts';
import { ApiError } from './api-error.ts';
import { refuseInvalid } from './refuse-request.ts';

/** Readers of one replica at the same time; each holds a consumer in the store and a hundred events here. */
const READERS_MAX = 256;

/** Opens watches of the event stream. */
export class EventHandlers {
  readonly #events: Pick<EventStore, 'watch'>;
  readonly #clock: Pick<Clock, 'wallMs'>;
  #readers = 0;

  constructor(events: Pick<EventStore, 'watch'>, clock: Pick<Clock, 'wallMs'>) {
    this.#events = events;
    this.#clock = clock;
  }

  /** Throws `invalid`, `gone` or `busy` before there is a first event. The events have to be read or given back (`return`). */
  async watch(request: WatchEventsRequest, signal: AbortSignal): Promise<EventWatch> {
    refuseInvalid('capmesh.v1.WatchEventsRequest', request);
    if (this.#readers >= READERS_MAX) throw new ApiError('busy', `${READERS_MAX} readers follow the events already`);
    const { sinceMs } = request;
    const sinceWallMs = sinceMs === 0 ? null : this.#clock.wallMs() - sinceMs;
    const { after, events } = await this.#events.watch({ ...request, sinceWallMs }, signal);
    return { after, events: this.#counted(events) };
  }

  async *#counted(events: AsyncIterable<CapacityEvent>): AsyncGenerator<CapacityEvent> {
    this.#readers += 1;
    try {
      yield* events;
    } finally {
      this.#readers -= 1;
    }
  }
}
