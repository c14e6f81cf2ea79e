import type { Clock } from '../../platform/clock.ts';

/** Asks again only when the last answer is older than `maxAgeMs`. */
export function lately<T>(ask: () => T, clock: Pick<Clock, 'monotonicMs'>, maxAgeMs: number): () => T {
  let last: { readonly answer: T; readonly atMs: number } | null = null;
  return () => {
    const nowMs = clock.monotonicMs();
    if (last === null || nowMs - last.atMs > maxAgeMs) last = { answer: ask(), atMs: nowMs };
    return last.answer;
  };
}
