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
  return action === null ? start(state, service, clocks) : renew(service, action, clocks);
}

const stopCause = ({ control, cancelled }: KernelState, { record }: LimitAction): EndCause | null =>
  control.safeMode ? 'safe-mode' : cancelled.has(record.id) ? 'cancelled' : null;

function start(state: KernelState, service: ServiceState, clocks: Clocks): StabilityActionRecord {
  const record: StabilityActionRecord = {
    id: newActionId(state, clocks.wallMs),
    gate: 'fit',
    horizon: 'immediate',
    kind: 'limit-concurrency',
    target: service.service,
    size: service.plannedLimit ?? Math.floor(service.controller.limit),
    ratio: service.gates.fit.ratio ?? 0,
    threshold: 1,
    windowMs: Math.round(1000 * (service.newest?.durationSec ?? 0)),
    startedAtMs: clocks.wallMs,
    expiresAtMs: clocks.wallMs + ACTION_TERM_MS,
    phase: 'started',
    endCause: '',
    shadow: !limitIsEnforced(state),
  };
  service.action = { record, emittedMs: clocks.nowMs, expiresMs: clocks.nowMs + ACTION_TERM_MS };
  return record;
}

function renew(service: ServiceState, action: LimitAction, clocks: Clocks): StabilityActionRecord | null {
  const { record } = action;
  const renewed: LimitAction = {
    ...action,
    record: { ...record, expiresAtMs: clocks.wallMs + ACTION_TERM_MS },
    expiresMs: clocks.nowMs + ACTION_TERM_MS,
  };
  service.action = renewed;
  const size = service.plannedLimit ?? record.size;
  const moved = Math.abs(size - record.size) > TOLD_CHANGE * record.size;
  if (!moved || clocks.nowMs - action.emittedMs < TOLD_EVERY_MS) return null;
  const changed: StabilityActionRecord = {
    ...renewed.record,
    size,
    ratio: service.gates.fit.ratio ?? record.ratio,
    phase: 'changed',
  };
  service.action = { ...renewed, record: changed, emittedMs: clocks.nowMs };
  return changed;
}

function end(service: ServiceState, { record }: LimitAction, endCause: EndCause): StabilityActionRecord {
  service.action = null;
  return { ...record, phase: 'ended', endCause };
}
