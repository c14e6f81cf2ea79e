/** Owners that share one block of memory. */
const OWNERS_PER_BLOCK = 64;

/** Numbers of one owner, all 0 at first: a row from `start` on and, where it has several, one every `stride` after it. */
export interface NumberRow {
  readonly numbers: Float64Array;
  readonly start: number;
}

/**
 * Rows of numbers for the many small things that a large mesh has. An array of
 * its own for each costs the processor a detour to memory for every one that it
 * looks at; these share their arrays. What owners keep of the same tick stands
 * side by side: one tick is looked at for all of them. A block is freed with the
 * last of its owners.
 */
export class NumberRows {
  readonly #width: number;
  readonly #rows: number;
  /** From one row of an owner to its next. */
  readonly stride: number;
  #block: Float64Array | null = null;
  #used = 0;

  /** @param rows of each owner, `width` numbers long */
  constructor(width: number, rows = 1) {
    this.#width = width;
    this.#rows = rows;
    this.stride = OWNERS_PER_BLOCK * width;
  }

  take(): NumberRow {
    if (this.#block === null || this.#used === OWNERS_PER_BLOCK) {
      this.#block = new Float64Array(this.stride * this.#rows);
      this.#used = 0;
    }
    const start = this.#width * this.#used++;
    return { numbers: this.#block, start };
  }
}
