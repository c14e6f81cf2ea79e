import type { KernelEffect, KernelEvent } from '../../core/kernel/kernel-io.ts';
import { createKernel, type KernelState } from '../../core/kernel/kernel-state.ts';
import { step } from '../../core/kernel/step.ts';

/** A kernel whose nodes acknowledge, with every frame, the newest lease that was issued to them. */
export class AckingKernel {
  readonly state: KernelState;

  constructor(state: KernelState = createKernel()) {
    this.state = state;
  }

  take(event: KernelEvent): readonly KernelEffect[] {
    return step(this.state, event.kind === 'frame' ? this.#acknowledged(event) : event).effects;
  }

  #acknowledged(event: KernelEvent & { readonly kind: 'frame' }): KernelEvent {
    const leaseSeq = this.state.book.nodes.get(event.frame.node)?.newest.seq ?? 0;
    return { ...event, frame: { ...event.frame, leaseSeq } };
  }
}
