/** What the leader's key holds. */
export interface LeaderRecord {
  /** Who leads; empty = the leader has resigned. A replica keeps its name over restarts. */
  readonly replica: string;
  /** The process of that replica: names a leader for as long as it runs. */
  readonly process: string;
  /** Grows with every change of leader. */
  readonly epoch: number;
}

/** The key as it was read: its revision, 0 = it was never written. */
export interface StoredLeader {
  readonly record: LeaderRecord | null;
  readonly revision: number;
}

/** A compare-and-set of the leader's key, to be tried now. */
export interface Attempt {
  readonly record: LeaderRecord;
  /** That the key must still be at. */
  readonly revision: number;
  /** Monotonic milliseconds. */
  readonly sentMs: number;
}

/** How often the leader renews and the others look (CONTRACT §H). */
export const RENEW_INTERVAL_MS = 500;
/** Without a new revision for this long on its own clock, a replica takes over. */
export const TAKE_OVER_MS = 2500;
/** A leader that could not renew for this long writes nothing. */
export const STOP_MS = 1500;

const NOBODY: StoredLeader = { record: null, revision: 0 };

/**
 * Who leads, as one replica knows it (CONTRACT §H). The store's compare-and-set
 * decides; this only says when to try and when to stop. A renewal counts from
 * when it was sent, what others did from when it was seen: each errs on the safe
 * side, so a leader has stopped a second before anybody can follow it. Times are
 * monotonic milliseconds of this replica alone.
 */
export class Election {
  readonly #self: Omit<LeaderRecord, 'epoch'>;
  #seen: (StoredLeader & { readonly atMs: number }) | null = null;
  #hadFirstLook = false;
  /** The first attempt since the newest record was seen: what is found to be ours may have been stored as early as that. */
  #tried: { readonly epoch: number; readonly sentMs: number } | null = null;
  #held: { readonly epoch: number; readonly revision: number; readonly sentMs: number } | null = null;

  constructor(self: Omit<LeaderRecord, 'epoch'>) {
    this.#self = self;
  }

  /** Epoch of this replica's leadership; `null` while it does not lead. */
  get epoch(): number | null {
    return this.#held?.epoch ?? null;
  }

  /** The newest record seen or written. */
  get leader(): LeaderRecord | null {
    return this.#seen?.record ?? null;
  }

  /** Whether this replica leads and has renewed lately enough to write. */
  mayWrite(nowMs: number): boolean {
    return this.#held !== null && nowMs - this.#held.sentMs < STOP_MS;
  }

  /** The key was read. */
  saw(stored: StoredLeader, nowMs: number): void {
    if (this.#seen !== null && stored.revision <= this.#seen.revision) return;
    this.#seen = { ...stored, atMs: nowMs };
    const { record, revision } = stored;
    // A write of ours whose answer was lost is ours all the same.
    const isOurs = record?.process === this.#self.process && record.replica === this.#self.replica;
    const tried = this.#tried;
    this.#tried = null;
    this.#held = isOurs && tried?.epoch === record.epoch ? { ...tried, revision } : null;
  }

  /** What to try now; `null` = only look. */
  attempt(nowMs: number): Attempt | null {
    if (this.#seen === null) return null;
    const { record, revision } = this.#seen;
    // A record that is gone had an epoch: there were never more of them than revisions.
    const nextEpoch = (record?.epoch ?? revision) + 1;
    const epoch = this.#held?.epoch ?? (this.#isFree(nowMs) ? nextEpoch : null);
    this.#hadFirstLook = true;
    if (epoch === null) return null;
    if (this.#tried?.epoch !== epoch) this.#tried = { epoch, sentMs: nowMs };
    return { record: { ...this.#self, epoch }, revision, sentMs: nowMs };
  }

  /** The attempt was stored. */
  stored({ record, sentMs }: Attempt, revision: number, nowMs: number): void {
    this.#tried = { epoch: record.epoch, sentMs };
    this.saw({ record, revision }, nowMs);
  }

  /** What gives the leadership away at once; `null` while this replica does not lead. */
  resignation(nowMs: number): Attempt | null {
    if (this.#held === null) return null;
    const { epoch, revision } = this.#held;
    this.#held = null;
    return { record: { replica: '', process: '', epoch }, revision, sentMs: nowMs };
  }

  /** Nobody leads: never, no longer, or for too long without a sign; or this replica did, before it was started again. */
  #isFree(nowMs: number): boolean {
    const { record, atMs } = this.#seen ?? { ...NOBODY, atMs: nowMs };
    if (record === null || record.replica === '') return true;
    return nowMs - atMs >= TAKE_OVER_MS || (!this.#hadFirstLook && record.replica === this.#self.replica);
  }
}
