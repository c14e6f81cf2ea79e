import type { KernelEffect, KernelEvent } from '../../core/kernel/kernel-io.ts';
import type { KernelObserver } from './kernel-observer.ts';

/** Id of an event by the tick whose record in the kernel's log holds it, and its place there, from 1. No workload is called so. */
export const decisionId = (run: string, tick: number, place: number): string => `_kernel.${run}.${tick}.${place}`;

/** Names events as the kernel's log orders them, so that whoever reads the log names them the same. */
export class EventIds implements KernelObserver {
  readonly #run: string;
  #ticks = 0;
  #place = 0;

  constructor(run: string) {
    this.#run = run;
  }

  next(): string {
    this.#place += 1;
    return decisionId(this.#run, this.#ticks + 1, this.#place);
  }

  started(): void {}

  stepped(event: KernelEvent, _effects: readonly KernelEffect[]): void {
    if (event.kind !== 'tick') return;
    this.#ticks += 1;
    this.#place = 0;
  }
}
