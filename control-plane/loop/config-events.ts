import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { secondsAndNanos } from '../../platform/protobuf-time.ts';
import { CapacityEvent } from '../../proto/gen/capmesh/v1/events.ts';
import { pathOfKey } from '../state/config-keys.ts';
import type { ConfigView } from '../state/config-view.ts';
import type { EventStore } from '../state/event-store.ts';
import { RetryingQueue } from './retrying-queue.ts';

const WAITING_MAX = 1000;
/** Paths named in one event; of larger edits the rest is counted. */
const PATHS_MAX = 10;

/**
 * Tells the event stream of every edit and order that is seen, once for all
 * replicas: the id is the revision. An edit that was stored, but whose teller died before the
 * stream had its event, is told at the next start.
 */
export class ConfigEvents {
  readonly #clock: Clock;
  readonly #queue: RetryingQueue<{ readonly event: CapacityEvent; readonly id: string }>;
  #before: ConfigView | null = null;

  constructor(events: Pick<EventStore, 'publish'>, clock: Clock, logger: Pick<Logger, 'warn'>) {
    this.#clock = clock;
    this.#queue = new RetryingQueue({
      send: ({ event, id }) => events.publish(event, id),
      onError: (error) => logger.warn({ err: error }, 'the store did not take an event of an edit'),
      waitingMax: WAITING_MAX,
    });
  }

  /**
   * Where the comparison starts.
   *
   * @param newestId of the events of the mesh in the stream; `null` = there is none
   * @param changedSince keys written or deleted after a revision
   */
  start(view: ConfigView, newestId: string | null, changedSince: (revision: number) => readonly string[]): void {
    this.#before = view;
    if (newestId === null) return;
    // After an order nobody knows whether the edit before it was told; told again it is there once.
    const told = revisionOfId(newestId) ?? view.revision - 1;
    if (told < view.revision) this.#tellEdit(view.revision, changedSince(told).map(pathOfKey).sort());
  }

  take(view: ConfigView): void {
    const before = this.#before;
    this.#before = view;
    if (before !== null) this.#tellEdit(view.revision, changedPaths(before, view));
  }

  /** What is told twice with the same id is there once. */
  tell(message: string, id: string): void {
    const timestamp = secondsAndNanos(this.#clock.wallMs());
    this.#queue.push({ event: CapacityEvent.fromPartial({ kind: 'config', message, timestamp }), id });
  }

  drained(): Promise<void> {
    return this.#queue.drained();
  }

  stop(): void {
    this.#queue.stop();
  }

  #tellEdit(revision: number, changed: readonly string[]): void {
    if (changed.length > 0) this.tell(`revision ${revision}: ${listed(changed)}`, `config.${revision}`);
  }
}

/** The revision that an id stands for; `null` where it is not the id of an edit. */
function revisionOfId(id: string | null): number | null {
  const revision = /^config\.(\d+)$/.exec(id ?? '')?.[1];
  return revision === undefined ? null : Number(revision);
}

/** Paths of what was written or deleted between two views. */
export function changedPaths(before: ConfigView, after: ConfigView): string[] {
  const written = [...after.revisions].filter(([key, revision]) => before.revisions.get(key) !== revision);
  const deleted = [...before.revisions.keys()].filter((key) => !after.revisions.has(key));
  return [...written.map(([key]) => key), ...deleted].map(pathOfKey).sort();
}

function listed(paths: readonly string[]): string {
  const named = paths.slice(0, PATHS_MAX).join(', ');
  return paths.length > PATHS_MAX ? `${named} and ${paths.length - PATHS_MAX} more` : named;
}
