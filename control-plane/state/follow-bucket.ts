import type { KV, KvWatchEntry } from '@nats-io/kv';
import type { Logger } from '../../platform/logger.ts';
import { type Follower, keepFollowing } from './keep-following.ts';

/**
 * Calls `onEntry` with the newest value of every key that matches and then with
 * every change, in the order of revisions; returns once the present state has
 * been seen. A broken watch starts again by itself and repeats the newest
 * values. An `onEntry` that throws is logged and skipped.
 */
export function followBucket(
  kv: KV,
  key: string,
  onEntry: (entry: KvWatchEntry) => void,
  logger: Logger,
): Promise<Follower> {
  return keepFollowing(
    key,
    async (loaded, signal) => {
      const { state } = (await kv.status()).streamInfo;
      const entries = await kv.watch({ key });
      signal.addEventListener('abort', () => entries.stop(), { once: true });
      if (state.messages === 0 || !(await holdsAny(kv, key))) loaded();
      for await (const entry of entries) {
        try {
          onEntry(entry);
        } catch (error) {
          logger.error({ err: error, key: entry.key, revision: entry.revision }, 'a stored value is not understood');
        }
        if (entry.delta === 0 || entry.isUpdate) loaded();
      }
    },
    logger,
  );
}

async function holdsAny(kv: KV, key: string): Promise<boolean> {
  for await (const _ of await kv.keys(key)) return true;
  return false;
}
