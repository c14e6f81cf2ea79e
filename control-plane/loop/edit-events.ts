import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../platform/logger.ts';
import { secondsAndNanos } from '../../platform/protobuf-time.ts';
import { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import { pathOfKey } from '../state/config-keys.ts';
import type { StoredEdit } from '../state/config-store.ts';
import type { EventSeries } from '../state/event-series.ts';

/** Paths named in one event; of larger edits the rest is counted. */
const PATHS_MAX = 10;
const RETRY_MS = 500;

export interface EditEventsOptions {
  readonly series: Pick<EventSeries, 'newestNumber' | 'append'>;
  /** Edits after a revision, oldest first, then as they come, until the signal aborts. */
  readonly edits: (afterRevision: number, signal: AbortSignal) => AsyncIterable<StoredEdit>;
  readonly logger: Pick<Logger, 'warn'>;
}

/**
 * Tells the event stream of every edit, in the order of their revisions: goes on
 * behind the newest one that the stream has, whoever told it. An edit whose teller
 * died is so told by the next one.
 */
export class EditEvents {
  readonly #options: EditEventsOptions;
  readonly #aborter = new AbortController();
  readonly #running: Promise<void>;

  constructor(options: EditEventsOptions) {
    this.#options = options;
    this.#running = this.#keepTelling();
  }

  async stop(): Promise<void> {
    this.#aborter.abort();
    await this.#running;
  }

  async #keepTelling(): Promise<void> {
    const { signal } = this.#aborter;
    while (!signal.aborted) {
      try {
        await this.#tell(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.logger.warn({ err: error }, 'the store did not take an event of an edit');
        await delay(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
  }

  async #tell(signal: AbortSignal): Promise<void> {
    const { series, edits } = this.#options;
    for await (const { revision, keys, wallMs } of edits(await series.newestNumber(), signal)) {
      const message = `revision ${revision}: ${listed(keys.map(pathOfKey).sort())}`;
      const event = CapacityEvent.fromPartial({ kind: 'config', message, timestamp: secondsAndNanos(wallMs) });
      await series.append([{ number: revision, event }]);
    }
  }
}

function listed(paths: readonly string[]): string {
  const named = paths.slice(0, PATHS_MAX).join(', ');
  return paths.length > PATHS_MAX ? `${named} and ${paths.length - PATHS_MAX} more` : named;
}
