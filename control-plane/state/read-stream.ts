import { DeliverPolicy, type JetStreamClient } from '@nats-io/jetstream';

/** One stored message. */
export interface StoredMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** When the store took it, UTC milliseconds. */
  readonly wallMs: number;
}

/** The store may be silent for this long before reading is given up, ms. */
const SILENCE_MS = 2000;

/** What a stream holds on some subjects since a point in time, oldest first; ends where the stream ends now. */
export async function* readStream(
  jetstream: JetStreamClient,
  stream: string,
  subject: string,
  sinceWallMs: number,
): AsyncGenerator<StoredMessage> {
  const consumer = await jetstream.consumers.get(stream, {
    filter_subjects: [subject],
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: new Date(sinceWallMs).toISOString(),
  });
  const { num_pending: stored } = await consumer.info();
  if (stored === 0) return;
  const messages = await consumer.consume();
  let silence: NodeJS.Timeout | undefined;
  try {
    silence = setTimeout(() => messages.stop(), SILENCE_MS);
    for await (const message of messages) {
      silence.refresh();
      yield { subject: message.subject, data: message.data, wallMs: message.info.timestampNanos / 1e6 };
      if (message.info.pending === 0) return;
    }
  } finally {
    clearTimeout(silence);
    messages.stop();
  }
}
