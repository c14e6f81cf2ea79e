import { JetStreamApiError } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';

/** The store's word for a compare-and-set that somebody else was faster than. */
export const WRONG_LAST_SEQUENCE = 10071;

/** Tries of one change while others write the same key. */
export const ATTEMPTS_MAX = 8;

/** Too many writers at once; asking again later helps. */
export class StoreBusyError extends Error {
  override readonly name = 'StoreBusyError';
}

/**
 * Writes a key that is still at `revision`; 0 = there must be none. Answers its
 * new revision, `null` when somebody else wrote it meanwhile.
 */
export async function putIfUnchanged(kv: KV, key: string, value: string, revision: number): Promise<number | null> {
  try {
    return await kv.put(key, Buffer.from(value), { previousSeq: revision });
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === WRONG_LAST_SEQUENCE) return null;
    throw error;
  }
}
