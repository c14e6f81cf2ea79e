import type { LeasePlan } from '../allocators/capacity-plan.ts';
import { restoreLeaseBook } from '../allocators/lease-book.ts';
import { GATES } from '../gates/gate-state.ts';
import type { TelemetryFrame } from '../substrate/telemetry-frame.ts';
import { enterAdmission } from './follow-admissions.ts';
import type { KernelEffect, KernelEvent } from './kernel-io.ts';
import { adoptConfig, type KernelState, nodeState } from './kernel-state.ts';
import { noteRollout } from './mesh-lag.ts';
import { publishPlan, replan, tick } from './tick.ts';

/** Actions that can be cancelled between two ticks. */
const CANCELLED_MAX = 1000;

export interface KernelStep {
  readonly state: KernelState;
  readonly effects: readonly KernelEffect[];
}

/**
 * The decision core: everything that can happen goes in here, everything that is
 * to be done comes out. Same events, same effects; `state` is changed in place
 * and handed back.
 */
export function step(state: KernelState, event: KernelEvent): KernelStep {
  return { state, effects: effectsOf(state, event) };
}

function effectsOf(state: KernelState, event: KernelEvent): readonly KernelEffect[] {
  if ('nowMs' in event) state.nowMs = Math.max(state.nowMs, event.nowMs);
  switch (event.kind) {
    case 'config':
      adoptConfig(state, event.config);
      return replan(state);
    case 'grants':
      state.live = event.live;
      return publishPlan(state);
    case 'action-control':
      state.control = event.control;
      return [];
    case 'cancel-action':
      if (state.cancelled.size < CANCELLED_MAX) state.cancelled.add(event.id);
      return [];
    case 'admission':
      state.admissions = enterAdmission(state, event.admission);
      return [];
    case 'stored-leases':
      resume(state, event.leases);
      return [];
    case 'rollout':
      noteRollout(state, event.nodes);
      return [];
    case 'frame':
      acceptFrame(state, event.frame);
      return [];
    case 'tick':
      return tick(state, event.wallMs);
  }
}

/** A control plane starts: nothing of what is remembered was served by it, and no verdict is its own. */
function resume(state: KernelState, leases: readonly LeasePlan[]): void {
  state.book = restoreLeaseBook(leases, state.nowMs);
  state.published = null;
  state.rolloutHeld = false;
  state.rollout = new Map();
  for (const service of state.services.values()) {
    if (service.newest === null) continue;
    for (const gate of GATES) service.restored.set(gate, service.lastDataMs);
  }
}

function acceptFrame(state: KernelState, frame: TelemetryFrame): void {
  const foreign = state.config !== null && frame.mesh !== state.config.mesh;
  const node = foreign ? null : nodeState(state, frame.node);
  if (node === null) state.droppedFrames++;
  else node.telemetry.accept(frame, state.nowMs);
}
