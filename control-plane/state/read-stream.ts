import { DeliverPolicy, type JetStreamClient, type OrderedConsumerOptions } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import { epochOf } from '../leader/leader-writes.ts';

/** One stored message. */
export interface StoredMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Position in the stream. */
  readonly sequence: number;
  /** When the store took it, UTC milliseconds. */
  readonly wallMs: number;
  readonly headers: MsgHdrs | undefined;
  /** Of the leader that wrote it; 0 = no leader did. */
  readonly epoch: number;
}

/** The store may be silent for this long before reading is given up, ms. */
const SILENCE_MS = 2000;

/** Start with what the store took since then, UTC milliseconds. */
export const sinceTime = (wallMs: number): Partial<OrderedConsumerOptions> => ({
  deliver_policy: DeliverPolicy.StartTime,
  opt_start_time: new Date(wallMs).toISOString(),
});

/** Start behind this sequence; 0 = with the first message. */
export const behind = (sequence: number): Partial<OrderedConsumerOptions> => ({
  deliver_policy: DeliverPolicy.StartSequence,
  opt_start_seq: sequence + 1,
});

/** What a stream holds from `start` on, oldest first; ends where the stream ends now. */
export async function* readStream(
  jetstream: JetStreamClient,
  stream: string,
  start: Partial<OrderedConsumerOptions>,
): AsyncGenerator<StoredMessage> {
  const consumer = await jetstream.consumers.get(stream, start);
  const { num_pending: stored } = await consumer.info();
  if (stored === 0) return;
  const messages = await consumer.consume();
  let silence: NodeJS.Timeout | undefined;
  try {
    silence = setTimeout(() => messages.stop(), SILENCE_MS);
    for await (const message of messages) {
      silence.refresh();
      const { subject, data, seq, info, headers } = message;
      yield { subject, data, sequence: seq, wallMs: info.timestampNanos / 1e6, headers, epoch: epochOf(headers) };
      if (message.info.pending === 0) return;
    }
  } finally {
    clearTimeout(silence);
    messages.stop();
  }
}
