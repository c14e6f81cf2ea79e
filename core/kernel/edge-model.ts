import { callsOf, type EdgeDelta } from '../substrate/edge-delta.ts';
import { fading } from '../substrate/fading.ts';
import { NumberRows } from '../substrate/number-rows.ts';
import { numbersOf, type Plain } from '../substrate/plain-value.ts';

/** Time in which what was learned counts half. */
const HALF_LIFE_SEC = 300;
const keptAfter = fading(HALF_LIFE_SEC);

const ATTEMPTS = 0;
const FAILURES = 1;
const CALLS = 2;
const REQUESTS = 3;
const FIELDS = 4;
const ROWS = new NumberRows(FIELDS);

/** What is learned of the calls of an edge: sums that fade with a half-life; ratios of them are the model (MATHS §B1). */
export class EdgeModel {
  readonly #numbers: Float64Array;
  readonly #first: number;

  constructor() {
    const { numbers, start } = ROWS.take();
    this.#numbers = numbers;
    this.#first = start;
  }

  get attempts(): number {
    return this.#numbers[this.#first + ATTEMPTS] as number;
  }

  get failures(): number {
    return this.#numbers[this.#first + FAILURES] as number;
  }

  /** Calls made, and requests that the caller handled meanwhile. */
  get calls(): number {
    return this.#numbers[this.#first + CALLS] as number;
  }

  get requests(): number {
    return this.#numbers[this.#first + REQUESTS] as number;
  }

  /** m_e: calls that it expects for so many requests handled by the caller (MATHS §B1). */
  expectedCalls(handled: number): number {
    return (handled * this.calls) / this.requests;
  }

  /**
   * Takes one tick.
   *
   * @param handled requests that the caller handled meanwhile; `null` = not known, and the calls then do not count either
   */
  learn(seen: EdgeDelta, handled: number | null, durationSec: number): void {
    const keep = keptAfter(durationSec);
    const own = this.#numbers;
    const at = this.#first;
    own[at + ATTEMPTS] = keep * (own[at + ATTEMPTS] as number) + seen.attempts;
    own[at + FAILURES] = keep * (own[at + FAILURES] as number) + seen.failures;
    own[at + CALLS] = keep * (own[at + CALLS] as number) + (handled === null ? 0 : callsOf(seen));
    own[at + REQUESTS] = keep * (own[at + REQUESTS] as number) + (handled ?? 0);
  }

  /** Forgets everything. */
  clear(): void {
    this.#numbers.fill(0, this.#first, this.#first + FIELDS);
  }

  toPlain(): Plain {
    return [...this.#numbers.subarray(this.#first, this.#first + FIELDS)];
  }

  /** Throws `PlainValueError`. */
  static fromPlain(plain: Plain): EdgeModel {
    const model = new EdgeModel();
    model.#numbers.set(numbersOf(plain).slice(0, FIELDS), model.#first);
    return model;
  }
}
