import type { KernelEffect, KernelEvent } from '../../core/kernel/kernel-io.ts';
import type { KernelState } from '../../core/kernel/kernel-state.ts';

/** Looks on while the kernel works. Must not change the state, nor keep it beyond the call. */
export interface KernelObserver {
  /** Once, before everything else. */
  started(state: KernelState): void;
  /** After every step. */
  stepped(event: KernelEvent, effects: readonly KernelEffect[], state: KernelState): void;
}

/** Edges up to which a checkpoint of everything takes a few milliseconds. */
const FULL_EDGES_MAX = 250;

export function isSmall(state: KernelState): boolean {
  return (state.config?.budgets.size ?? 0) * Math.max(1, state.nodes.size) <= FULL_EDGES_MAX;
}
