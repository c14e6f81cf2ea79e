import { DeliverPolicy, type JsMsg } from '@nats-io/jetstream';
import type { Logger } from '../../platform/logger.ts';
import { type Follower, keepFollowing } from './keep-following.ts';
import { CONFIG_BUCKET, type Store } from './open-store.ts';

/** One write to the configuration. */
export interface ConfigEntry {
  readonly key: string;
  readonly revision: number;
  /** JSON; `null` = deleted. */
  readonly json: string | null;
}

const STREAM = `KV_${CONFIG_BUCKET}`;
const SUBJECTS = `$KV.${CONFIG_BUCKET}.`;

/**
 * Calls `onEntry` for the newest value of every key and then for every write,
 * and `onWhole` whenever what was seen is no part of a batch: after the present
 * state, then after each commit. Reads the stream rather than the bucket, since
 * only there the end of a batch can be seen.
 */
export function followConfig(
  store: Store,
  onEntry: (entry: ConfigEntry) => void,
  onWhole: () => void,
  logger: Logger,
): Promise<Follower> {
  let isLoaded = false;
  return keepFollowing(
    CONFIG_BUCKET,
    async (loaded, signal) => {
      const { state } = await store.manager.streams.info(STREAM);
      const consumer = await store.jetstream.consumers.getPushConsumer(STREAM, {
        filter_subjects: `${SUBJECTS}>`,
        deliver_policy: DeliverPolicy.LastPerSubject,
      });
      const messages = await consumer.consume();
      signal.addEventListener('abort', () => messages.stop(), { once: true });
      if (state.messages === 0) {
        isLoaded = true;
        loaded();
      }
      for await (const message of messages) {
        onEntry(entryOf(message));
        if (!endsBatch(message) || !(isLoaded || message.info.pending === 0)) continue;
        isLoaded = true;
        onWhole();
        loaded();
      }
    },
    logger,
  );
}

function entryOf(message: JsMsg): ConfigEntry {
  const isDeleted = message.headers?.has('KV-Operation') === true;
  return {
    key: message.subject.slice(SUBJECTS.length),
    revision: message.seq,
    json: isDeleted ? null : message.string(),
  };
}

/** A write that is alone, or the last one of its batch. */
const endsBatch = ({ headers }: JsMsg): boolean =>
  headers === undefined || !headers.has('Nats-Batch-Id') || headers.has('Nats-Batch-Commit');
