import type { TenantTick } from '../gates/isolation.ts';
import { LatencyModel } from '../substrate/latency-model.ts';
import { fieldsOf, listOf, numbersOf, type Plain, textOf } from '../substrate/plain-value.ts';

/** Ticks that the isolation gate looks back (MATHS §B4). */
export const ISOLATION_TICKS = 120;

const NO_LOAD: TenantTick = { load: 0, answers: 0, meanLog: 0 };

/** What the kernel knows about one tenant at one service. */
export class TenantState {
  readonly name: string;
  /** ŷ by the tenant's own load. */
  readonly model: LatencyModel;
  /** Until its first tick it had no load. */
  readonly #ring: (TenantTick | null)[] = new Array<TenantTick | null>(ISOLATION_TICKS).fill(NO_LOAD);
  #next = 0;

  constructor(name: string, model = new LatencyModel()) {
    this.name = name;
    this.model = model;
  }

  /** One more tick; `null` = missing. */
  push(tick: TenantTick | null): void {
    this.#ring[this.#next] = tick;
    this.#next = (this.#next + 1) % ISOLATION_TICKS;
  }

  toPlain(): Plain {
    const ticks = this.ticks(ISOLATION_TICKS);
    const first = ticks.findIndex((tick) => tick === null || tick.load !== 0 || tick.answers !== 0);
    const told = first < 0 ? [] : ticks.slice(first);
    return {
      name: this.name,
      model: this.model.toPlain(),
      ticks: told.map((tick) => (tick === null ? null : [tick.load, tick.answers, tick.meanLog])),
    };
  }

  /** Throws `PlainValueError`. */
  static fromPlain(plain: Plain): TenantState {
    const { name, model, ticks } = fieldsOf(plain);
    const tenant = new TenantState(textOf(name), LatencyModel.fromPlain(model ?? null));
    for (const told of listOf(ticks).slice(-ISOLATION_TICKS)) {
      const [load = 0, answers = 0, meanLog = 0] = told === null ? [] : numbersOf(told);
      tenant.push(told === null ? null : { load, answers, meanLog });
    }
    return tenant;
  }

  /** The newest ticks, oldest first. */
  ticks(count: number): (TenantTick | null)[] {
    const ordered = [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
    return ordered.slice(Math.max(0, ISOLATION_TICKS - count));
  }
}
