/** What is done when its time has come; `subject` is what it was put down with. */
export type DueTask<T> = (nowSec: number, subject: T) => void;

/** Things that may be put down at once. */
export const AGENDA_MAX = 4_000_000;
const SIZE_FIRST = 1024;

/**
 * What is to happen at which time: a binary heap by time, then by the order of
 * putting down, so that the same story is told the same way every time. Keeps its
 * entries in arrays of their own, so that nothing is allocated for each of them.
 * Throws a RangeError beyond `AGENDA_MAX`.
 */
export class Agenda {
  #size = 0;
  #orders = 0;
  #timesSec = new Float64Array(SIZE_FIRST);
  #order = new Float64Array(SIZE_FIRST);
  readonly #tasks: DueTask<never>[] = [];
  readonly #subjects: unknown[] = [];

  get size(): number {
    return this.#size;
  }

  add<T>(atSec: number, task: DueTask<T>, subject: T): void {
    if (this.#size === this.#timesSec.length) this.#grow();
    this.#rise(this.#size++, atSec, this.#orders++, task as DueTask<never>, subject);
  }

  /** Lets everything happen that is due by then, in order. */
  runTo(sec: number): void {
    while (this.#size > 0) {
      const atSec = this.#timesSec[0] ?? 0;
      if (atSec > sec) return;
      const task = this.#tasks[0];
      const subject = this.#subjects[0];
      this.#dropFirst();
      task?.(atSec, subject as never);
    }
  }

  #rise(from: number, atSec: number, order: number, task: DueTask<never>, subject: unknown): void {
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const aboveSec = this.#timesSec[above] ?? 0;
      // What was put down earlier is never below in time and order alike.
      if (aboveSec <= atSec) break;
      this.#move(above, at);
      at = above;
    }
    this.#put(at, atSec, order, task, subject);
  }

  #dropFirst(): void {
    const last = --this.#size;
    const atSec = this.#timesSec[last] ?? 0;
    const order = this.#order[last] ?? 0;
    const task = this.#tasks.pop();
    const subject = this.#subjects.pop();
    if (last === 0 || task === undefined) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= last) break;
      if (child + 1 < last && this.#isBefore(child + 1, child)) child++;
      const childSec = this.#timesSec[child] ?? 0;
      if (childSec > atSec || (childSec === atSec && (this.#order[child] ?? 0) > order)) break;
      this.#move(child, at);
      at = child;
    }
    this.#put(at, atSec, order, task, subject);
  }

  #isBefore(a: number, b: number): boolean {
    const aSec = this.#timesSec[a] ?? 0;
    const bSec = this.#timesSec[b] ?? 0;
    return aSec < bSec || (aSec === bSec && (this.#order[a] ?? 0) < (this.#order[b] ?? 0));
  }

  #move(from: number, to: number): void {
    this.#timesSec[to] = this.#timesSec[from] ?? 0;
    this.#order[to] = this.#order[from] ?? 0;
    this.#tasks[to] = this.#tasks[from] as DueTask<never>;
    this.#subjects[to] = this.#subjects[from];
  }

  #put(at: number, atSec: number, order: number, task: DueTask<never>, subject: unknown): void {
    this.#timesSec[at] = atSec;
    this.#order[at] = order;
    this.#tasks[at] = task;
    this.#subjects[at] = subject;
  }

  #grow(): void {
    const size = 2 * this.#timesSec.length;
    if (size > AGENDA_MAX) throw new RangeError(`more than ${AGENDA_MAX / 2} things to come: the simulation runs away`);
    this.#timesSec = resized(this.#timesSec, size);
    this.#order = resized(this.#order, size);
  }
}

function resized(from: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const to = new Float64Array(size);
  to.set(from);
  return to;
}
