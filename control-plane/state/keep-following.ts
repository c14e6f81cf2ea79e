import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../platform/logger.ts';

const RESTART_DELAY_MS = 500;

export interface Follower {
  stop(): void;
}

/** Follows something until it breaks or `signal` aborts; calls `loaded` once the present state has been seen. */
export type Follow = (loaded: () => void, signal: AbortSignal) => Promise<void>;

/** Starts `follow` again whenever it ends; returns once the present state has been seen for the first time. */
export async function keepFollowing(what: string, follow: Follow, logger: Logger): Promise<Follower> {
  const aborter = new AbortController();
  await new Promise<void>((loaded, failed) => {
    repeat(what, follow, loaded, aborter.signal, logger).catch(failed);
  });
  return { stop: () => aborter.abort() };
}

async function repeat(
  what: string,
  follow: Follow,
  loaded: () => void,
  signal: AbortSignal,
  logger: Logger,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await follow(loaded, signal);
    } catch (error) {
      logger.warn({ err: error, what }, 'watch of the store broke');
    }
    await delay(RESTART_DELAY_MS, undefined, { signal }).catch(() => {});
  }
}
