import type { EventEmitter } from 'node:events';
import { ApiError } from './api-error.ts';

/** A reader that takes nothing for this long is let go, ms. */
export const STALLED_MAX_MS = 60_000;

/** Where a stream goes: a gRPC call or an HTTP answer. */
export interface Drain extends Pick<EventEmitter, 'once' | 'off'> {}

/**
 * Hands over one item after the other, each when the reader has room: what it
 * does not take stays where the items come from. `write` answers whether there is
 * room for more. Ends with the items or when `signal` aborts; throws `busy` when
 * there was no room for `stalledMaxMs`.
 */
export async function pump<T>(
  items: AsyncIterable<T>,
  write: (item: T) => boolean,
  drain: Drain,
  signal: AbortSignal,
  stalledMaxMs: number = STALLED_MAX_MS,
): Promise<void> {
  for await (const item of items) {
    if (signal.aborted) return;
    if (write(item)) continue;
    if (!(await hasDrained(drain, signal, stalledMaxMs))) {
      throw new ApiError('busy', `nothing was read for ${stalledMaxMs / 1000} s; go on after what you have read`);
    }
  }
}

/** False after `waitMs`; true also when `signal` aborts. */
function hasDrained(drain: Drain, signal: AbortSignal, waitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (answer: boolean): void => {
      clearTimeout(timer);
      drain.off('drain', drained);
      signal.removeEventListener('abort', drained);
      resolve(answer);
    };
    const drained = (): void => settle(true);
    const timer = setTimeout(() => settle(false), waitMs);
    drain.once('drain', drained);
    signal.addEventListener('abort', drained, { once: true });
    if (signal.aborted) drained();
  });
}
