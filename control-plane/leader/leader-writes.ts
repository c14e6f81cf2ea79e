import { JetStreamApiError, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { ATTEMPTS_MAX, StoreBusyError, WRONG_LAST_SEQUENCE } from '../state/compare-and-set.ts';
import { streamOf } from '../state/open-store.ts';
import type { Term } from './leadership.ts';

/** Header of every write of a leader: the epoch that it was made in. */
export const EPOCH_HEADER = 'Capmesh-Epoch';
/** Header beside it: the process that led then. */
export const WRITER_HEADER = 'Capmesh-Writer';

/** This replica may not write now: another leads, or its leadership could not be renewed. */
export class NotLeadingError extends Error {
  override readonly name = 'NotLeadingError';
}

/** Epoch of a stored message; 0 where no leader wrote it. */
export const epochOf = (stored: MsgHdrs | undefined): number => Number(stored?.get(EPOCH_HEADER) || 0);

/**
 * What a leader writes with (CONTRACT §H): nothing while it may not, every
 * message with its epoch, and a key only as a compare-and-set that never follows
 * a value of a higher epoch. A leader that was asleep between its own check and
 * the store is refused by the store.
 */
export class LeaderWrites {
  readonly #store: { readonly jetstream: JetStreamClient; readonly manager: JetStreamManager };
  readonly #term: Term;
  readonly #onFenced: () => void;
  readonly #revisions = new Map<string, number>();

  /** `onFenced`: a leader of a higher epoch has been met in the store. */
  constructor(
    store: { readonly jetstream: JetStreamClient; readonly manager: JetStreamManager },
    term: Term,
    onFenced: () => void,
  ) {
    this.#store = store;
    this.#term = term;
    this.#onFenced = onFenced;
  }

  get epoch(): number {
    return this.#term.epoch;
  }

  /** Throws `NotLeadingError` unless this replica may write now. */
  require(): void {
    if (!this.#term.mayWrite()) throw new NotLeadingError(`epoch ${this.epoch} may not write now`);
  }

  /** Told of a value in the store: throws when a leader of a higher epoch wrote it. */
  requireAbove(epoch: number): void {
    if (epoch <= this.epoch) return;
    this.#onFenced();
    throw new NotLeadingError(`epoch ${epoch} writes now, not ${this.epoch}`);
  }

  headers(): MsgHdrs {
    const own = headers();
    own.set(EPOCH_HEADER, `${this.epoch}`);
    own.set(WRITER_HEADER, this.#term.process);
    return own;
  }

  /** Replaces a key of a bucket. Throws `NotLeadingError`, or what the store says. */
  async putKey(bucket: string, key: string, value: Uint8Array): Promise<void> {
    const subject = `$KV.${bucket}.${key}`;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      this.require();
      const lastSubjectSequence = this.#revisions.get(subject) ?? (await this.#look(bucket, subject));
      this.require();
      try {
        const expect = { lastSubjectSequence };
        const { seq } = await this.#store.jetstream.publish(subject, value, { headers: this.headers(), expect });
        this.#revisions.set(subject, seq);
        return;
      } catch (error) {
        this.#revisions.delete(subject);
        if (!(error instanceof JetStreamApiError && error.code === WRONG_LAST_SEQUENCE)) throw error;
      }
    }
    throw new StoreBusyError(`${key} of ${bucket} is written by somebody else too`);
  }

  async #look(bucket: string, subject: string): Promise<number> {
    const stored = await this.#store.manager.streams.getMessage(streamOf(bucket), { last_by_subj: subject });
    if (stored === null) return 0;
    this.requireAbove(epochOf(stored.header));
    return stored.seq;
  }
}
