import type { JetStreamClient } from '@nats-io/jetstream';
import { decodeAccount } from '../../control-plane/state/account-codec.ts';
import { LEDGER_BUCKET, streamOf } from '../../control-plane/state/open-store.ts';
import { behind, readStream } from '../../control-plane/state/read-stream.ts';
import { GRANTS_MAX, type Grant } from '../../core/admission/grant.ts';
import { AXES } from '../../core/capacity/capacity-vector.ts';
import { isAdding } from '../../core/capacity/live-capacity.ts';

/** A grant that a requester was told of. */
export interface AnsweredGrant {
  readonly workload: string;
  readonly jti: string;
  readonly expiresAtMs: number;
}

/** What is wrong in a ledger; all of it is to be 0. */
export interface LedgerFaults {
  /** Sequences that the audit has not seen: then it proves nothing. */
  readonly unseen: number;
  /** Revisions in which the live grants of an account exceed its budget on an axis, or its number of grants. */
  readonly overBudget: number;
  /** Grants that were answered but never stored. */
  readonly lost: number;
  /** Grants that went before they expired, without having been released. */
  readonly endedEarly: number;
  /** Grants that are twice in one revision, came back, or were answered twice. */
  readonly doubled: number;
}

const DUST = 1e-9;
/** Writer, store and requesters read the same clock, at different moments. */
const CLOCK_MS = 50;

interface AuditedAccount {
  /** Ids of all grants that it ever held. */
  readonly known: Set<string>;
  /** Those that it has held since they came, by their id. */
  readonly present: Map<string, AuditedGrant>;
}

interface AuditedGrant {
  readonly expiresAtMs: number;
  /** Sequence of the newest revision that holds it. */
  seenIn: number;
}

/**
 * Judges every revision of the ledger from the first one on, and keeps count of
 * what must not be. Independent of the code that writes: only the encoding of an
 * account is shared.
 */
export class LedgerAudit {
  readonly #accounts = new Map<string, AuditedAccount>();
  /** When they were given back, UTC milliseconds. */
  readonly #released = new Map<string, number>();
  #revisions = 0;
  #lastSequence = 0;
  #unseen = 0;
  #overBudget = 0;
  #endedEarly = 0;
  #doubled = 0;

  /** Reads what the ledger's stream holds that was not read yet. The stream has to keep it until then. */
  async read(jetstream: JetStreamClient): Promise<void> {
    const unread = readStream(jetstream, streamOf(LEDGER_BUCKET), behind(this.#lastSequence));
    for await (const { subject, sequence, wallMs, data } of unread) {
      const [workload = ''] = subject.split('.').slice(-1);
      this.take(workload, sequence, wallMs, Buffer.from(data).toString());
    }
  }

  get revisions(): number {
    return this.#revisions;
  }

  /** From `wallMs` on the grant may go before it expires. */
  released(jti: string, wallMs: number): void {
    this.#released.set(jti, wallMs);
  }

  /** One revision of an account; `wallMs`: when the store took it. */
  take(workload: string, sequence: number, wallMs: number, json: string): void {
    this.#revisions += 1;
    this.#unseen += sequence - this.#lastSequence - 1;
    this.#lastSequence = sequence;
    const { grants } = decodeAccount(json);
    if (isOverBudget(grants)) this.#overBudget += 1;
    const account = this.#accounts.get(workload) ?? { known: new Set(), present: new Map() };
    this.#accounts.set(workload, account);
    const { known, present } = account;
    for (const { jti, expiresAtMs } of grants) {
      const audited = present.get(jti);
      if (audited === undefined ? known.has(jti) : audited.seenIn === sequence) this.#doubled += 1;
      if (audited !== undefined) audited.seenIn = sequence;
      else if (!known.has(jti)) present.set(jti, { expiresAtMs, seenIn: sequence });
      known.add(jti);
    }
    for (const [jti, { expiresAtMs, seenIn }] of present) {
      if (seenIn === sequence) continue;
      present.delete(jti);
      const endMs = Math.min(expiresAtMs, this.#released.get(jti) ?? Number.POSITIVE_INFINITY);
      if (endMs > wallMs + CLOCK_MS) this.#endedEarly += 1;
    }
  }

  faults(answered: readonly AnsweredGrant[]): LedgerFaults {
    const isStored = ({ workload, jti }: AnsweredGrant): boolean =>
      this.#accounts.get(workload)?.known.has(jti) === true;
    return {
      unseen: this.#unseen,
      overBudget: this.#overBudget,
      lost: answered.filter((grant) => !isStored(grant)).length,
      endedEarly: this.#endedEarly,
      doubled: this.#doubled + answered.length - new Set(answered.map(({ jti }) => jti)).size,
    };
  }

  /** Grants that are stored although nobody was told: their answer was lost with a process. They end by themselves. */
  untold(answered: readonly AnsweredGrant[]): number {
    const told = new Set(answered.map(({ jti }) => jti));
    return [...this.#accounts.values()].flatMap(({ known }) => [...known]).filter((jti) => !told.has(jti)).length;
  }
}

function isOverBudget(grants: readonly Grant[]): boolean {
  const sums = AXES.filter(isAdding).map((axis) => grants.reduce((sum, { vector }) => sum + (vector[axis] ?? 0), 0));
  return grants.length > GRANTS_MAX || sums.some((sum) => sum > 1 + DUST);
}
