import type { TenantTick } from '../gates/isolation.ts';
import { LatencyModel } from '../substrate/latency-model.ts';
import { NumberRows } from '../substrate/number-rows.ts';
import { fieldsOf, listOf, numbersOf, type Plain, textOf } from '../substrate/plain-value.ts';
import type { Writable } from '../writable.ts';
import { ScratchList } from './scratch-list.ts';

/** Ticks that the isolation gate looks back (MATHS §B4). */
export const ISOLATION_TICKS = 120;

const FIELDS = 3;
const LOAD = 0;
const ANSWERS = 1;
const MEAN_LOG = 2;
/** One more than are looked back on: the tick that is being observed. */
const SLOTS = ISOLATION_TICKS + 1;
const ROWS = new NumberRows(FIELDS, SLOTS);
const STRIDE = ROWS.stride;

/** Room for the ticks of one tenant. */
export class TicksScratch {
  readonly list: (TenantTick | null)[] = [];
  readonly known = new ScratchList<Writable<TenantTick>>(() => ({
    load: Number.NaN,
    answers: Number.NaN,
    meanLog: Number.NaN,
  }));
}

/** What the kernel knows about one tenant at one service. */
export class TenantState {
  readonly name: string;
  /** ŷ by the tenant's own load. */
  readonly model: LatencyModel;
  /** Until its first tick the tenant had no load; a load of NaN is a missing tick. */
  readonly #ring: Float64Array;
  readonly #first: number;
  /** The tick that is being observed. */
  #now = 0;

  constructor(name: string, model = new LatencyModel()) {
    this.name = name;
    this.model = model;
    const { numbers, start } = ROWS.take();
    this.#ring = numbers;
    this.#first = start;
  }

  /** What one of its edges did in the tick that is being observed: calls per second, n and Σ ln(latency). */
  add(load: number, answers: number, logSum: number): void {
    const ring = this.#ring;
    const now = this.#first + STRIDE * this.#now;
    ring[now + LOAD] = (ring[now + LOAD] as number) + load;
    ring[now + ANSWERS] = (ring[now + ANSWERS] as number) + answers;
    ring[now + MEAN_LOG] = (ring[now + MEAN_LOG] as number) + logSum;
  }

  /** Ends the tick. */
  roll(known: boolean): void {
    const now = this.#first + STRIDE * this.#now;
    const answers = this.#ring[now + ANSWERS] as number;
    const logSum = this.#ring[now + MEAN_LOG] as number;
    if (known) this.#push(this.#ring[now + LOAD] as number, answers, answers > 0 ? logSum / answers : 0);
    else this.#push(Number.NaN);
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
      if (told === null) tenant.#push(Number.NaN);
      else tenant.#push(load, answers, meanLog);
    }
    return tenant;
  }

  /** The newest ticks, oldest first; they hold until the room is used again. */
  ticks(count: number, room = new TicksScratch()): readonly (TenantTick | null)[] {
    const { list, known } = room;
    const told = Math.min(count, ISOLATION_TICKS);
    const first = this.#now + SLOTS - told;
    list.length = told;
    for (let i = 0; i < told; i++) list[i] = this.#tickAt((first + i) % SLOTS, known.at(i));
    return list;
  }

  /** The tick that was observed, and room for the next one. */
  #push(load: number, answers = 0, meanLog = 0): void {
    this.#write(load, answers, meanLog);
    this.#now = (this.#now + 1) % SLOTS;
    this.#write(0, 0, 0);
  }

  #write(load: number, answers: number, meanLog: number): void {
    const start = this.#first + STRIDE * this.#now;
    this.#ring[start + LOAD] = load;
    this.#ring[start + ANSWERS] = answers;
    this.#ring[start + MEAN_LOG] = meanLog;
  }

  #tickAt(slot: number, tick: Writable<TenantTick>): TenantTick | null {
    const start = this.#first + STRIDE * slot;
    const load = this.#ring[start + LOAD] as number;
    if (Number.isNaN(load)) return null;
    tick.load = load;
    tick.answers = this.#ring[start + ANSWERS] as number;
    tick.meanLog = this.#ring[start + MEAN_LOG] as number;
    return tick;
  }
}
