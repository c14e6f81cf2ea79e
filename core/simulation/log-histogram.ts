/** Steps of 1 %. */
const STEPS_PER_LN = 100;
const VALUE_MIN = 1e-3;
const VALUE_MAX = 1e8;
const LN_MIN = Math.log(VALUE_MIN);
const STEP_COUNT = Math.ceil((Math.log(VALUE_MAX) - LN_MIN) * STEPS_PER_LN) + 1;

/** Counts positive values in steps of 1 %, 0.001 … 10⁸; anything below is told as 0, anything above as 10⁸. */
export class LogHistogram {
  #count = 0;
  #below = 0;
  readonly #steps = new Uint32Array(STEP_COUNT);

  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    this.#count++;
    if (!(value >= VALUE_MIN)) {
      this.#below++;
      return;
    }
    const step = Math.min(STEP_COUNT - 1, Math.floor(STEPS_PER_LN * (Math.log(value) - LN_MIN)));
    this.#steps[step] = (this.#steps[step] ?? 0) + 1;
  }

  addAll(other: LogHistogram): void {
    this.#count += other.#count;
    this.#below += other.#below;
    for (let step = 0; step < STEP_COUNT; step++) {
      this.#steps[step] = (this.#steps[step] ?? 0) + (other.#steps[step] ?? 0);
    }
  }

  clear(): void {
    this.#count = 0;
    this.#below = 0;
    this.#steps.fill(0);
  }

  /** The value that a share (0 … 1) of all values does not exceed, to 1 %; NaN without values. */
  quantile(share: number): number {
    if (this.#count === 0) return Number.NaN;
    let below = this.#below;
    if (below > 0 && below >= share * this.#count) return 0;
    for (let step = 0; step < STEP_COUNT; step++) {
      below += this.#steps[step] ?? 0;
      if (below >= share * this.#count && below > 0) return Math.exp(LN_MIN + (step + 0.5) / STEPS_PER_LN);
    }
    return VALUE_MAX;
  }
}
