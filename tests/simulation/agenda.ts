interface Due {
  readonly atSec: number;
  readonly run: (nowSec: number) => void;
}

/** What is to happen at which time. */
export class Agenda {
  readonly #due: Due[] = [];

  add(atSec: number, run: (nowSec: number) => void): void {
    let at = this.#due.length;
    while (at > 0 && (this.#due[at - 1]?.atSec ?? 0) > atSec) at--;
    this.#due.splice(at, 0, { atSec, run });
  }

  /** Lets everything happen that is due by then, in order. */
  runTo(sec: number): void {
    for (let [next] = this.#due; next !== undefined && next.atSec <= sec; [next] = this.#due) {
      this.#due.shift();
      next.run(next.atSec);
    }
  }
}
