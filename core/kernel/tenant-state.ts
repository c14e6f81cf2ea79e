import { at } from '../at.ts';
import type { TenantTick } from '../gates/isolation.ts';
import { LatencyModel } from '../substrate/latency-model.ts';
import { fieldsOf, listOf, numbersOf, type Plain, textOf } from '../substrate/plain-value.ts';

/** Ticks that the isolation gate looks back (MATHS §B4). */
export const ISOLATION_TICKS = 120;

const FIELDS = 3;
const LOAD = 0;
const ANSWERS = 1;
const MEAN_LOG = 2;

/** What the kernel knows about one tenant at one service. */
export class TenantState {
  readonly name: string;
  /** ŷ by the tenant's own load. */
  readonly model: LatencyModel;
  /** In one block of memory, for a large mesh has a million ticks. Until its first tick the tenant had no load. */
  readonly #ring = new Float64Array(FIELDS * ISOLATION_TICKS);
  readonly #missing = new Uint8Array(ISOLATION_TICKS);
  #next = 0;
  /** Of the tick that is being observed. */
  readonly #tick = { load: 0, answers: 0, logSum: 0 };

  constructor(name: string, model = new LatencyModel()) {
    this.name = name;
    this.model = model;
  }

  /** What one of its edges did in the tick that is being observed: calls per second, n and Σ ln(latency). */
  add(load: number, answers: number, logSum: number): void {
    this.#tick.load += load;
    this.#tick.answers += answers;
    this.#tick.logSum += logSum;
  }

  /** Ends the tick. */
  roll(known: boolean): void {
    const { load, answers, logSum } = this.#tick;
    if (known) this.#push(load, answers, answers > 0 ? logSum / answers : 0);
    else this.#push();
    this.#tick.load = 0;
    this.#tick.answers = 0;
    this.#tick.logSum = 0;
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
      if (told === null) tenant.#push();
      else tenant.#push(load, answers, meanLog);
    }
    return tenant;
  }

  /** The newest ticks, oldest first. */
  ticks(count: number): (TenantTick | null)[] {
    const told = Math.min(count, ISOLATION_TICKS);
    const first = this.#next + ISOLATION_TICKS - told;
    return Array.from({ length: told }, (_, i) => this.#tickAt((first + i) % ISOLATION_TICKS));
  }

  /** One more tick; without a load it is missing. */
  #push(load?: number, answers = 0, meanLog = 0): void {
    const start = FIELDS * this.#next;
    this.#ring[start + LOAD] = load ?? 0;
    this.#ring[start + ANSWERS] = answers;
    this.#ring[start + MEAN_LOG] = meanLog;
    this.#missing[this.#next] = load === undefined ? 1 : 0;
    this.#next = (this.#next + 1) % ISOLATION_TICKS;
  }

  #tickAt(slot: number): TenantTick | null {
    if (this.#missing[slot] === 1) return null;
    const start = FIELDS * slot;
    return {
      load: at(this.#ring, start + LOAD),
      answers: at(this.#ring, start + ANSWERS),
      meanLog: at(this.#ring, start + MEAN_LOG),
    };
  }
}
