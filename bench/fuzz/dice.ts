/** Draws for fuzzing from uniform numbers in [0, 1). */
export class Dice {
  readonly #uniform: () => number;

  constructor(uniform: () => number) {
    this.#uniform = uniform;
  }

  /** 0 … end − 1. */
  below(end: number): number {
    return Math.floor(this.#uniform() * end);
  }

  chance(share: number): boolean {
    return this.#uniform() < share;
  }

  /** One of several; there has to be one. */
  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  /** Flips one bit of a copy. */
  flipped(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes);
    const at = this.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << this.below(8));
    return copy;
  }
}
