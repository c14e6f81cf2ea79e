import { isDeepStrictEqual } from 'node:util';
import type { CapacityVector } from '../../core/capacity/capacity-vector.ts';
import type { Clock } from '../../platform/clock.ts';
import type { LedgerStore } from '../state/ledger-store.ts';
import { sumGrants } from '../state/live-grants.ts';

/** Tells of the live grants whenever their sums change: by a write to the ledger, or as time passes. */
export class GrantWatch {
  readonly #ledger: LedgerStore;
  readonly #clock: Clock;
  readonly #tell: (live: ReadonlyMap<string, CapacityVector>) => void;
  readonly #end: () => void;
  #told: ReadonlyMap<string, CapacityVector> = new Map();
  #owed: NodeJS.Immediate | undefined;

  constructor(ledger: LedgerStore, clock: Clock, tell: (live: ReadonlyMap<string, CapacityVector>) => void) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#tell = tell;
    this.#end = ledger.subscribe(() => {
      this.#owed ??= setImmediate(() => this.refresh());
    });
  }

  /** Looks again, for grants that have expired. */
  refresh(): void {
    this.#owed = undefined;
    const live = sumGrants(this.#ledger.accounts(), this.#clock.wallMs());
    if (isDeepStrictEqual(live, this.#told)) return;
    this.#told = live;
    this.#tell(live);
  }

  stop(): void {
    this.#end();
    clearImmediate(this.#owed);
  }
}
