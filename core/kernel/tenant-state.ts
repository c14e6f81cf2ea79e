import type { TenantTick } from '../gates/isolation.ts';
import { LatencyModel } from '../substrate/latency-model.ts';

/** Ticks that the isolation gate looks back (MATHS §B4). */
export const ISOLATION_TICKS = 120;

const NO_LOAD: TenantTick = { load: 0, answers: 0, meanLog: 0 };

/** What the kernel knows about one tenant at one service. */
export class TenantState {
  readonly name: string;
  /** ŷ by the tenant's own load. */
  readonly model = new LatencyModel();
  /** Until its first tick it had no load. */
  readonly #ring: (TenantTick | null)[] = new Array<TenantTick | null>(ISOLATION_TICKS).fill(NO_LOAD);
  #next = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** One more tick; `null` = missing. */
  push(tick: TenantTick | null): void {
    this.#ring[this.#next] = tick;
    this.#next = (this.#next + 1) % ISOLATION_TICKS;
  }

  /** The newest ticks, oldest first. */
  ticks(count: number): (TenantTick | null)[] {
    const ordered = [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
    return ordered.slice(Math.max(0, ISOLATION_TICKS - count));
  }
}
