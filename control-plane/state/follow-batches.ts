import { DeliverPolicy, type JsMsg } from '@nats-io/jetstream';
import type { Logger } from '../../platform/logger.ts';
import { type Follower, keepFollowing } from './keep-following.ts';
import type { Store } from './open-store.ts';

/** One write to a bucket. */
export interface BatchEntry {
  readonly key: string;
  readonly revision: number;
  /** `null` = deleted. */
  readonly value: Uint8Array | null;
}

/**
 * Calls `onEntry` for the newest value of every key of a bucket and then for
 * every write, and `onWhole` whenever what was seen is no part of a batch: after
 * the present state, then after each commit. Reads the stream rather than the
 * bucket, since only there the end of a batch can be seen.
 */
export function followBatches(
  store: Pick<Store, 'jetstream' | 'manager'>,
  bucket: string,
  onEntry: (entry: BatchEntry) => void,
  onWhole: () => void,
  logger: Logger,
): Promise<Follower> {
  const [stream, subjects] = [`KV_${bucket}`, `$KV.${bucket}.`];
  let isLoaded = false;
  return keepFollowing(
    bucket,
    async (loaded, signal) => {
      const { state } = await store.manager.streams.info(stream);
      const consumer = await store.jetstream.consumers.getPushConsumer(stream, {
        filter_subjects: `${subjects}>`,
        deliver_policy: DeliverPolicy.LastPerSubject,
      });
      const messages = await consumer.consume();
      signal.addEventListener('abort', () => messages.stop(), { once: true });
      if (state.messages === 0) {
        isLoaded = true;
        loaded();
      }
      for await (const message of messages) {
        onEntry(entryOf(message, subjects));
        if (!endsBatch(message) || !(isLoaded || message.info.pending === 0)) continue;
        isLoaded = true;
        onWhole();
        loaded();
      }
    },
    logger,
  );
}

function entryOf(message: JsMsg, subjects: string): BatchEntry {
  const isDeleted = message.headers?.has('KV-Operation') === true;
  return {
    key: message.subject.slice(subjects.length),
    revision: message.seq,
    value: isDeleted ? null : message.data,
  };
}

/** A write that is alone, or the last one of its batch. */
export const endsBatch = ({ headers }: Pick<JsMsg, 'headers'>): boolean =>
  headers === undefined || !headers.has('Nats-Batch-Id') || headers.has('Nats-Batch-Commit');
