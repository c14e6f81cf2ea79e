import { setTimeout as delay } from 'node:timers/promises';
import type { KV, KvWatchEntry } from '@nats-io/kv';
import type { Logger } from '../../platform/logger.ts';

const RESTART_DELAY_MS = 500;

export interface Follower {
  stop(): void;
}

/**
 * Calls `onEntry` with the newest value of every key that matches and then with
 * every change, in the order of revisions; returns once the present state has
 * been seen. A broken watch starts again by itself and repeats the newest
 * values. An `onEntry` that throws is logged and skipped.
 */
export async function followBucket(
  kv: KV,
  key: string,
  onEntry: (entry: KvWatchEntry) => void,
  logger: Logger,
): Promise<Follower> {
  const aborter = new AbortController();
  await new Promise<void>((loaded, failed) => {
    followForEver(kv, key, onEntry, loaded, logger, aborter.signal).catch(failed);
  });
  return { stop: () => aborter.abort() };
}

async function followForEver(
  kv: KV,
  key: string,
  onEntry: (entry: KvWatchEntry) => void,
  loaded: () => void,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await followOnce(kv, key, onEntry, loaded, logger, signal);
    } catch (error) {
      logger.warn({ err: error, key }, 'watch of the store broke');
    }
    await delay(RESTART_DELAY_MS, undefined, { signal }).catch(() => {});
  }
}

async function followOnce(
  kv: KV,
  key: string,
  onEntry: (entry: KvWatchEntry) => void,
  loaded: () => void,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { state } = (await kv.status()).streamInfo;
  const entries = await kv.watch({ key });
  signal.addEventListener('abort', () => entries.stop(), { once: true });
  if (state.messages === 0) {
    loaded();
  }
  for await (const entry of entries) {
    try {
      onEntry(entry);
    } catch (error) {
      logger.error({ err: error, key: entry.key, revision: entry.revision }, 'a stored value is not understood');
    }
    if (entry.delta === 0 || entry.isUpdate) {
      loaded();
    }
  }
}
