import { setTimeout as delay } from 'node:timers/promises';
import type { Consumer, JetStreamClient } from '@nats-io/jetstream';
import { epochOf } from '../leader/leader-writes.ts';
import { EventsGoneError } from './events-gone.ts';
import { behind, type StoredMessage } from './read-stream.ts';

export interface MessagesAfter {
  readonly stream: string;
  /** Begin behind this sequence; 0 = with the first message. */
  readonly after: number;
  /** Only these; none = all. They must not overlap. */
  readonly subjects: readonly string[];
  /** End with the message of this sequence, or what is the last one before it; `null` = go on as they come. */
  readonly until?: number | null;
  /** Called with the position before a gap that may hold messages the stream has dropped; may throw `EventsGoneError`. */
  readonly onGap?: (position: number) => Promise<void>;
}

/** Messages that wait here for one reader: it asks the store for more when it has had these. */
const PORTION_MAX = 100;
/** The store is asked again after this time without a full portion, ms. */
const PORTION_MS = 10_000;
/** The store says that it is there this often; after twice the time without a word it is taken to be away, ms. */
const HEARTBEAT_MS = 2000;
const RETRY_MS = 500;

/**
 * Messages of a stream in their order, until `signal` aborts. The store is asked
 * for one portion after the other: a reader holds up nobody but itself. When the
 * store was away it goes on behind the last message.
 */
export async function* messagesAfter(
  jetstream: JetStreamClient,
  { after, until = null, ...where }: MessagesAfter,
  signal: AbortSignal,
): AsyncGenerator<StoredMessage> {
  let position = after;
  while (!signal.aborted) {
    const begin = position;
    try {
      for await (const message of oneConsumer(jetstream, { ...where, after: begin, until }, signal)) {
        position = message.sequence;
        yield message;
      }
      return;
    } catch (error) {
      if (error instanceof EventsGoneError) throw error;
      if (position === begin) await delay(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
}

/** Throws when the consumer has gone or the store cannot be reached. */
async function* oneConsumer(
  jetstream: JetStreamClient,
  { stream, after, subjects, until = null, onGap = async () => {} }: MessagesAfter,
  signal: AbortSignal,
): AsyncGenerator<StoredMessage> {
  const consumer = await jetstream.consumers.get(stream, {
    ...behind(after),
    ...(subjects.length === 0 ? {} : { filter_subjects: [...subjects] }),
  });
  let position = after;
  let isBehind = true;
  try {
    if (until !== null && (await consumer.info(true)).num_pending === 0) return;
    while (!signal.aborted) {
      let looked = 0;
      for await (const message of portion(consumer, signal)) {
        // One look covers what has come by then.
        if (isBehind && message.nth > looked && message.sequence > position + 1) {
          const received = message.received();
          await onGap(position);
          looked = received;
        }
        position = message.sequence;
        isBehind = message.pending > 0;
        yield message;
        if (until !== null && (position >= until || !isBehind)) return;
      }
    }
  } finally {
    consumer.delete().catch(() => {});
  }
}

interface PortionMessage extends StoredMessage {
  /** Messages behind it that the store has for this reader. */
  readonly pending: number;
  /** Its place in the portion, from 1. */
  readonly nth: number;
  /** Messages of the portion that have come by now. */
  readonly received: () => number;
}

async function* portion(consumer: Consumer, signal: AbortSignal): AsyncGenerator<PortionMessage> {
  const messages = await consumer.fetch({
    max_messages: PORTION_MAX,
    expires: PORTION_MS,
    idle_heartbeat: HEARTBEAT_MS,
  });
  const stop = (): void => messages.stop();
  const received = (): number => messages.getReceived();
  let nth = 0;
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    for await (const { subject, data, seq, info, headers } of messages) {
      if (signal.aborted) return;
      const { pending } = info;
      const wallMs = info.timestampNanos / 1e6;
      nth += 1;
      yield { subject, data, sequence: seq, wallMs, headers, epoch: epochOf(headers), pending, nth, received };
    }
  } finally {
    signal.removeEventListener('abort', stop);
    messages.stop();
  }
}
