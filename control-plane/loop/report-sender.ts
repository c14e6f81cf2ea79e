import { checkpointOf } from '../../core/kernel/checkpoint.ts';
import type { KernelEffect, KernelEvent } from '../../core/kernel/kernel-io.ts';
import type { KernelState } from '../../core/kernel/kernel-state.ts';
import type { MeshReports } from '../leader/mesh-reports.ts';
import { isSmall, type KernelObserver } from './kernel-observer.ts';

/** Of a mesh whose checkpoint takes more than a few milliseconds, the time between two reports. */
const LARGE_INTERVAL_MS = 3000;

/** Reports the kernel's memory to the other replicas, where there are any: after every tick, of large meshes more seldom. */
export class ReportSender implements KernelObserver {
  readonly #reports: Pick<MeshReports, 'send'>;
  readonly #isHeard: () => boolean;
  #sentMs = Number.NEGATIVE_INFINITY;

  constructor(reports: Pick<MeshReports, 'send'>, isHeard: () => boolean) {
    this.#reports = reports;
    this.#isHeard = isHeard;
  }

  started(): void {}

  stepped(event: KernelEvent, _effects: readonly KernelEffect[], state: KernelState): void {
    if (event.kind !== 'tick' || !this.#isHeard()) return;
    const isFull = isSmall(state);
    if (!isFull && event.nowMs - this.#sentMs < LARGE_INTERVAL_MS) return;
    this.#sentMs = event.nowMs;
    const checkpoint = checkpointOf(state, isFull ? 'full' : 'learned');
    this.#reports.send({ epoch: state.epoch, nowMs: event.nowMs, checkpoint });
  }
}
