import type { CallClass } from '../../core/admission/check-call.ts';
import type { EdgeRecord } from '../../core/admission/edge-record.ts';
import type { RefusalReason } from '../../core/admission/refusal-reason.ts';
import type { RefusalCause, RefusalRecord } from '../../core/refusals/refusal-record.ts';
import type { Clock } from '../../platform/clock.ts';

/** Refusals that a sidecar remembers, the newest. */
export const REFUSALS_KEPT = 4096;

/** What is known of an id, or of an edge and a reason. */
export type Recalled =
  | { readonly kind: 'known'; readonly id: string; readonly record: Omit<RefusalRecord, 'node'> }
  /** It was refused here, but later refusals took its place. */
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'unknown' };

/** One refusal; written over by a later one. */
interface Slot {
  edge: EdgeRecord | null;
  reason: RefusalReason;
  atMs: number;
  prio: number;
  retry: boolean;
  cause: RefusalCause;
}

const NO_CAUSE: RefusalCause = {};
const RADIX = 36;
const ID = /^([0-9a-f]{8})-([0-9a-z]{1,10})$/;

/**
 * The latest refusals of one run of the sidecar and their ids: a part that names
 * the run, and a count. Bounded: the slots are made once, and a refusal takes the
 * place of the one that was `size` before it.
 */
export class RefusalRing {
  readonly #prefix: string;
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #slots: readonly Slot[];
  #count = 0;

  /** @param instance this run of the sidecar, a UUID */
  constructor(instance: string, clock: Pick<Clock, 'wallMs'>, size = REFUSALS_KEPT) {
    this.#prefix = instance.slice(0, 8);
    this.#clock = clock;
    this.#slots = Array.from({ length: size }, () => ({
      edge: null,
      reason: 'internal',
      atMs: 0,
      prio: 0,
      retry: false,
      cause: NO_CAUSE,
    }));
  }

  /** Remembers a refusal; its id, which no other refusal has. */
  note(edge: EdgeRecord, reason: RefusalReason, call: CallClass, cause: RefusalCause | undefined): string {
    const slot = this.#slots[this.#count % this.#slots.length] as Slot;
    this.#count += 1;
    slot.edge = edge;
    slot.reason = reason;
    slot.atMs = this.#clock.wallMs();
    slot.prio = call.prio;
    slot.retry = call.retry;
    slot.cause = cause ?? (reason === 'shed-priority' ? shedCause(edge) : NO_CAUSE);
    return this.#idOf(this.#count);
  }

  byId(id: string): Recalled {
    const [, prefix, digits] = ID.exec(id) ?? [];
    if (prefix !== this.#prefix || digits === undefined) return { kind: 'unknown' };
    const count = Number.parseInt(digits, RADIX);
    if (count < 1 || count > this.#count || this.#idOf(count) !== id) return { kind: 'unknown' };
    return count > this.#count - this.#slots.length ? this.#known(count) : { kind: 'forgotten' };
  }

  /** The newest refusal of an edge for a reason. */
  newest(workload: string, service: string, reason: string): Recalled {
    const oldest = Math.max(1, this.#count - this.#slots.length + 1);
    for (let count = this.#count; count >= oldest; count -= 1) {
      const { edge, reason: its } = this.#slotOf(count);
      if (its === reason && edge?.workload === workload && edge.service === service) return this.#known(count);
    }
    return { kind: 'unknown' };
  }

  #known(count: number): Recalled {
    const { edge, reason, atMs, prio, retry, cause } = this.#slotOf(count);
    const { workload = '', service = '' } = edge ?? {};
    return { kind: 'known', id: this.#idOf(count), record: { workload, service, reason, atMs, prio, retry, ...cause } };
  }

  /** @param count of the refusal, from 1 on */
  #slotOf(count: number): Slot {
    return this.#slots[(count - 1) % this.#slots.length] as Slot;
  }

  #idOf(count: number): string {
    return `${this.#prefix}-${count.toString(RADIX)}`;
  }
}

function shedCause({ overlay }: EdgeRecord): RefusalCause {
  const { shedBelowPrio, shedRatio, shedRetries } = overlay;
  return { shed: { belowPrio: shedBelowPrio, ratio: shedRatio, retries: shedRetries } };
}
