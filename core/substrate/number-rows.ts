/** Rows that share one block of memory. */
const ROWS_PER_BLOCK = 64;

/** Numbers of one owner, all 0 at first: `width` of them from `start` on. */
export interface NumberRow {
  readonly numbers: Float64Array;
  readonly start: number;
}

/**
 * Rows of numbers for the many small things that a large mesh has. An array of
 * its own for each costs the processor a detour to memory for every one that it
 * looks at; these share their arrays. A block is freed with the last of its owners.
 */
export class NumberRows {
  readonly #width: number;
  #block: Float64Array | null = null;
  #used = 0;

  constructor(width: number) {
    this.#width = width;
  }

  take(): NumberRow {
    if (this.#block === null || this.#used === ROWS_PER_BLOCK) {
      this.#block = new Float64Array(ROWS_PER_BLOCK * this.#width);
      this.#used = 0;
    }
    const start = this.#width * this.#used++;
    return { numbers: this.#block, start };
  }
}
