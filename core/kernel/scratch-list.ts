/**
 * Objects that are written anew again and again, for lists that are read at once
 * and kept by nobody: what runs over every edge in every tick makes no garbage.
 */
export class ScratchList<T> {
  readonly #make: () => T;
  readonly #items: T[] = [];
  readonly #bySize = new Map<number, readonly T[]>();

  constructor(make: () => T) {
    this.#make = make;
  }

  /** The object at a place, with whatever was written into it last. */
  at(place: number): T {
    while (this.#items.length <= place) this.#items.push(this.#make());
    return this.#items[place] as T;
  }

  /** The first objects. */
  first(size: number): readonly T[] {
    const known = this.#bySize.get(size);
    if (known !== undefined) return known;
    this.at(size - 1);
    const list = this.#items.slice(0, size);
    this.#bySize.set(size, list);
    return list;
  }
}
