import { DeliverPolicy, type JetStreamClient, type JsMsg } from '@nats-io/jetstream';
import type { Logger } from '../../platform/logger.ts';
import { type Follower, keepFollowing } from './keep-following.ts';
import { streamOf } from './open-store.ts';

/** One write to a bucket. */
export interface BucketEntry {
  readonly key: string;
  readonly revision: number;
  /** `null` = deleted. */
  readonly value: Uint8Array | null;
}

export interface FollowedBucket {
  readonly bucket: string;
  /** With the wildcards of NATS subjects; default: all. */
  readonly keys?: string;
  /** Told of the newest value of every key and then of every write, in the order of revisions. */
  readonly onEntry: (entry: BucketEntry) => void;
  /** Called whenever what was seen is no part of a batch: after the present state, then after each commit. */
  readonly onWhole?: () => void;
}

/** Writes that may wait here to be taken; then the store is asked for more. */
const WAITING_MAX = 500;

/**
 * Follows a bucket; returns once the present state has been seen. A watch that
 * broke starts again by itself and repeats the newest values. An `onEntry` that
 * throws is logged and skipped. Reads the stream rather than the bucket, since
 * only there the end of a batch can be seen.
 */
export function followBucket(
  jetstream: JetStreamClient,
  { bucket, keys = '>', onEntry, onWhole = () => {} }: FollowedBucket,
  logger: Logger,
): Promise<Follower> {
  const subjects = `$KV.${bucket}.`;
  let isLoaded = false;
  return keepFollowing(
    `${bucket} ${keys}`,
    async (loaded, signal) => {
      const consumer = await jetstream.consumers.get(streamOf(bucket), {
        filter_subjects: subjects + keys,
        deliver_policy: DeliverPolicy.LastPerSubject,
      });
      const { num_pending: stored } = await consumer.info(true);
      const messages = await consumer.consume({ max_messages: WAITING_MAX });
      signal.addEventListener('abort', () => messages.stop(), { once: true });
      if (stored === 0) {
        isLoaded = true;
        loaded();
      }
      for await (const message of messages) {
        const entry = entryOf(message, subjects);
        try {
          onEntry(entry);
        } catch (error) {
          const { key, revision } = entry;
          logger.error({ err: error, bucket, key, revision }, 'a stored value is not understood');
        }
        if (!endsBatch(message) || !(isLoaded || message.info.pending === 0)) continue;
        isLoaded = true;
        onWhole();
        loaded();
      }
    },
    logger,
  );
}

function entryOf(message: JsMsg, subjects: string): BucketEntry {
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
