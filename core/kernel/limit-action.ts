import { ACTION_TERM_MS, COOL_DOWN_MS } from '../stability/action-book.ts';
import { releaseOverload } from '../stability/overload-controller.ts';
import type { EndCause, StabilityActionRecord } from '../stability/stability-action.ts';
import { limitIsEnforced } from './action-control.ts';
import { type KernelState, newActionId } from './kernel-state.ts';
import type { LimitAction, ServiceState } from './service-state.ts';

/** A new size is told when it moved by more than this share, and not more often than this. */
const TOLD_CHANGE = 0.1;
const TOLD_EVERY_MS = 3000;

interface Clocks {
  readonly nowMs: number;
  readonly wallMs: number;
  /** What the fit gate looked back on. */
  readonly windowMs: number;
}

/**
 * The action record behind a trimmed service: started, changed and ended with the
 * overload controller. Returns what is to be told now; `null` = nothing.
 *
 * @param renewed this tick was seen and judged
 */
export function followLimitAction(
  state: KernelState,
  service: ServiceState,
  clocks: Clocks,
  renewed: boolean,
): StabilityActionRecord | null {
  const { action, controller } = service;
  const stopped = action === null ? null : stopCause(state, action);
  if (action !== null && stopped !== null) {
    if (stopped === 'cancelled') service.limitCoolUntilMs = clocks.nowMs + COOL_DOWN_MS;
    return end(service, action, stopped);
  }
  if (action !== null && clocks.nowMs >= action.expiresMs && !renewed) {
    service.controller = releaseOverload(controller);
    return end(service, action, 'expired');
  }
  if (!renewed) return null;
  if (controller.mode === 'open') return action === null ? null : end(service, action, 'recovered');
  const enforced = limitIsEnforced(state);
  return action === null ? start(state, service, clocks, enforced) : renew(service, action, clocks, enforced);
}

const stopCause = ({ control, cancelled }: KernelState, { record }: LimitAction): EndCause | null =>
  control.safeMode ? 'safe-mode' : cancelled.has(record.id) ? 'cancelled' : null;

/** Calls in flight that the service is held to; in the shadow those that it would be held to. */
const heldTo = ({ plannedLimit, controller }: ServiceState, enforced: boolean): number =>
  (enforced ? plannedLimit : null) ?? Math.floor(controller.limit);

function start(state: KernelState, service: ServiceState, clocks: Clocks, enforced: boolean): StabilityActionRecord {
  const record: StabilityActionRecord = {
    id: newActionId(state, clocks.wallMs),
    gate: 'fit',
    horizon: 'immediate',
    kind: 'limit-concurrency',
    target: service.service,
    size: heldTo(service, enforced),
    ratio: service.gates.fit.ratio ?? 0,
    threshold: 1,
    windowMs: clocks.windowMs,
    startedAtMs: clocks.wallMs,
    expiresAtMs: clocks.wallMs + ACTION_TERM_MS,
    phase: 'started',
    endCause: '',
    shadow: !enforced,
  };
  service.action = { record, emittedMs: clocks.nowMs, expiresMs: clocks.nowMs + ACTION_TERM_MS };
  return record;
}

/** An action that went into the shadow, or came out of it, is told of at once. */
function renew(
  service: ServiceState,
  action: LimitAction,
  clocks: Clocks,
  enforced: boolean,
): StabilityActionRecord | null {
  const { record } = action;
  const renewed: LimitAction = {
    ...action,
    record: { ...record, expiresAtMs: clocks.wallMs + ACTION_TERM_MS },
    expiresMs: clocks.nowMs + ACTION_TERM_MS,
  };
  service.action = renewed;
  const size = heldTo(service, enforced);
  const moved = Math.abs(size - record.size) > TOLD_CHANGE * record.size;
  const flipped = record.shadow === enforced;
  if (!flipped && (!moved || clocks.nowMs - action.emittedMs < TOLD_EVERY_MS)) return null;
  const changed: StabilityActionRecord = {
    ...renewed.record,
    size,
    ratio: service.gates.fit.ratio ?? record.ratio,
    phase: 'changed',
    shadow: !enforced,
  };
  service.action = { ...renewed, record: changed, emittedMs: clocks.nowMs };
  return changed;
}

function end(service: ServiceState, { record }: LimitAction, endCause: EndCause): StabilityActionRecord {
  service.action = null;
  return { ...record, phase: 'ended', endCause };
}
