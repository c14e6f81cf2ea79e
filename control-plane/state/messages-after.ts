import { DeliverPolicy, type JetStreamClient } from '@nats-io/jetstream';
import { epochOf } from '../leader/leader-writes.ts';
import type { StoredMessage } from './read-stream.ts';

export interface MessagesAfter {
  readonly stream: string;
  /** Begin behind this sequence; 0 = with the first message. */
  readonly after: number;
  /** Only these; none = all. They must not overlap. */
  readonly subjects: readonly string[];
  /** End with the message of this sequence, or what is the last one before it; `null` = go on as they come. */
  readonly until?: number | null;
  /** Called with the position before a gap that may hold messages the stream has dropped; may throw. */
  readonly onGap?: (position: number) => Promise<void>;
}

/** Messages that wait here for one reader: it asks the store for no more. */
const WAITING_MAX = 100;

/**
 * Messages of a stream in their order. The store is asked by sequence and in
 * portions: a reader holds up nobody but itself, and goes on behind its last
 * message when the store was away. Ends when `signal` aborts.
 */
export async function* messagesAfter(
  jetstream: JetStreamClient,
  { stream, after, subjects, until = null, onGap = async () => {} }: MessagesAfter,
  signal: AbortSignal,
): AsyncGenerator<StoredMessage> {
  const consumer = await jetstream.consumers.get(stream, {
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: after + 1,
    ...(subjects.length === 0 ? {} : { filter_subjects: [...subjects] }),
  });
  const isEmpty = until !== null && (await consumer.info(true)).num_pending === 0;
  const messages = await consumer.consume({ max_messages: WAITING_MAX });
  const stop = (): void => messages.stop();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted || isEmpty) stop();
  let position = after;
  let isBehind = true;
  let looked = 0;
  try {
    for await (const { subject, data, seq, info, headers } of messages) {
      if (signal.aborted) return;
      // One look covers everything that had come by then.
      if (isBehind && seq > position + 1 && messages.getProcessed() > looked) {
        const received = messages.getReceived();
        await onGap(position);
        looked = received;
      }
      position = seq;
      isBehind = info.pending > 0;
      yield { subject, data, sequence: seq, wallMs: info.timestampNanos / 1e6, headers, epoch: epochOf(headers) };
      if (until !== null && (position >= until || !isBehind)) return;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    messages.stop();
    consumer.delete().catch(() => {});
  }
}
