import { isDeepStrictEqual } from 'node:util';
import type { CapacityVector } from '../../core/capacity/capacity-vector.ts';
import type { Clock } from '../../platform/clock.ts';
import type { LedgerStore } from '../state/ledger-store.ts';
import { sumGrants } from '../state/live-grants.ts';

/** Changes within this time after one that was told are told together: what follows from them moves once a tick (CONTRACT §D). */
const GATHER_MS = 250;

/** Tells of the live grants whenever their sums change: by a write to the ledger, or as time passes. */
export class GrantWatch {
  readonly #ledger: LedgerStore;
  readonly #clock: Clock;
  readonly #tell: (live: ReadonlyMap<string, CapacityVector>) => void;
  readonly #end: () => void;
  #told: ReadonlyMap<string, CapacityVector> = new Map();
  #refreshedMs = Number.NEGATIVE_INFINITY;
  #owed: NodeJS.Timeout | undefined;

  constructor(ledger: LedgerStore, clock: Clock, tell: (live: ReadonlyMap<string, CapacityVector>) => void) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#tell = tell;
    this.#end = ledger.subscribe(() => {
      const waitMs = Math.max(0, this.#refreshedMs + GATHER_MS - this.#clock.monotonicMs());
      this.#owed ??= setTimeout(() => this.refresh(), waitMs);
    });
  }

  /** Looks again, for grants that have expired. */
  refresh(): void {
    clearTimeout(this.#owed);
    this.#owed = undefined;
    this.#refreshedMs = this.#clock.monotonicMs();
    const live = sumGrants(this.#ledger.accounts(), this.#clock.wallMs());
    if (isDeepStrictEqual(live, this.#told)) return;
    this.#told = live;
    this.#tell(live);
  }

  stop(): void {
    this.#end();
    clearTimeout(this.#owed);
  }
}
