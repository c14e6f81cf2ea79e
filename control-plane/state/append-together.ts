import type { NatsConnection } from '@nats-io/transport-node';
import { type EventSeries, type NumberedEvent, ONE_BY_ONE_MAX } from './event-series.ts';
import { publishBatch } from './publish-batch.ts';

/** What is to be told in one series. */
export interface SeriesEvents {
  readonly series: EventSeries;
  readonly events: readonly NumberedEvent[];
}

/**
 * Appends to several series in one write, which costs the store far less than one
 * for each. Where the store does not take all of it, every series is appended to
 * by itself: one that cannot be told keeps no other back. Answers for each part.
 */
export async function appendTogether(
  connection: NatsConnection,
  parts: readonly SeriesEvents[],
): Promise<PromiseSettledResult<void>[]> {
  const count = parts.reduce((sum, { events }) => sum + events.length, 0);
  if (parts.length > 1 && count > ONE_BY_ONE_MAX && (await isStored(connection, parts).catch(() => false))) {
    return parts.map(() => ({ status: 'fulfilled', value: undefined }));
  }
  return await Promise.allSettled(parts.map(({ series, events }) => series.append(events)));
}

async function isStored(connection: NatsConnection, parts: readonly SeriesEvents[]): Promise<boolean> {
  const owed = await Promise.all(parts.map(({ series, events }) => series.owed(events)));
  const messages = owed.flatMap((each) => each.messages);
  if (messages.length === 0) return true;
  const outcome = await publishBatch(connection, messages);
  if (outcome.kind !== 'stored') return false;
  let sequence = outcome.revision - messages.length;
  for (const each of owed) {
    sequence += each.messages.length;
    each.stored(sequence);
  }
  return true;
}
