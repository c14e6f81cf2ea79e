import type { Agenda } from './agenda.ts';
import type { Attempt } from './call-route.ts';
import { RingQueue } from './ring-queue.ts';

/** What is to be done about attempts, when their time is up or they are over. */
export interface PatienceListener {
  timeUp(nowSec: number, attempt: Attempt): void;
  released(attempt: Attempt): void;
}

/**
 * The time-outs of all attempts that are waited for equally long: first begun, first
 * up, so that one entry in the agenda does for all of them.
 */
export class Patience {
  readonly sec: number;
  readonly #agenda: Agenda;
  readonly #listener: PatienceListener;
  readonly #begun = new RingQueue<Attempt>();

  constructor(sec: number, agenda: Agenda, listener: PatienceListener) {
    this.sec = sec;
    this.#agenda = agenda;
    this.#listener = listener;
  }

  /** An attempt begins now, later than all before it. */
  begin(attempt: Attempt): void {
    this.#begun.push(attempt);
    if (this.#begun.length === 1) this.#agenda.add(attempt.startSec + this.sec, this.#due, null);
  }

  /** Those that are over leave with the oldest that is not. */
  readonly #due = (nowSec: number): void => {
    for (;;) {
      const oldest = this.#begun.peek();
      if (oldest === undefined) return;
      const atSec = oldest.startSec + this.sec;
      if (atSec > nowSec && oldest.call !== null) {
        this.#agenda.add(atSec, this.#due, null);
        return;
      }
      this.#begun.shift();
      if (oldest.call !== null) this.#listener.timeUp(nowSec, oldest);
      this.#listener.released(oldest);
    }
  };
}
