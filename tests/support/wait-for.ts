import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until the fact holds and returns it; a failing question counts as "not yet". Throws after `timeoutMs`. */
export async function waitFor<T>(
  what: string,
  fact: () => Promise<T | undefined | false>,
  timeoutMs = 15_000,
): Promise<T> {
  const endMs = performance.now() + timeoutMs;
  let last: unknown = 'not so';
  while (performance.now() < endMs) {
    try {
      const found = await fact();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    await sleep(20);
  }
  throw new Error(`waited ${timeoutMs} ms for ${what}: ${last instanceof Error ? last.message : String(last)}`);
}
