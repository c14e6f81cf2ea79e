const SIZE_FIRST = 16;

/** First in, first out, in one array that is used in a circle and grows by doubling. Whoever fills it keeps it bounded. */
export class RingQueue<T> {
  #items: (T | undefined)[] = new Array<T | undefined>(SIZE_FIRST).fill(undefined);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#length) & (this.#items.length - 1)] = item;
    this.#length++;
  }

  peek(): T | undefined {
    return this.#items[this.#head];
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (this.#length === 0) return undefined;
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#length--;
    return item;
  }

  #grow(): void {
    const { length } = this.#items;
    const ordered = [...this.#items.slice(this.#head), ...this.#items.slice(0, this.#head)];
    this.#items = [...ordered, ...new Array<undefined>(length).fill(undefined)];
    this.#head = 0;
  }
}
