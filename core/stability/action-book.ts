import type { GateName, GateState } from '../gates/gate-state.ts';
import { CONTROL_PERIOD_SEC } from '../gates/uv.ts';
import { FLOOR, INCREASE, isSettled, type Measure } from './measure.ts';
import { actionKey, type RunningAction } from './running-action.ts';
import type { ActionKind, EndCause } from './stability-action.ts';

/** An action ends by itself when no tick renewed it for this long. */
export const ACTION_TERM_MS = 30_000;
/** After an action began, or was put an end to, it does not begin again for 3·τ_c. */
export const COOL_DOWN_MS = 3 * CONTROL_PERIOD_SEC * 1000;
/** Who was confirmed to harm others needs no second probe for this long. */
const CONFIRMED_MS = 300_000;
/** An action that has kept nobody away for so many ticks is over (CONTRACT §G). */
const CALM_TICKS = 5;
/** Actions of one service that run together. */
const RUNNING_MAX = 64;
/** A new size of an action that moves all the time is told when it moved by more than this, and not more often than this. */
const TOLD_CHANGE = 0.1;
const TOLD_EVERY_MS = 3000;

/** Actions of one service. Monotonic milliseconds. */
export interface ActionBook {
  readonly running: readonly RunningAction[];
  /** By `actionKey`. */
  readonly coolUntilMs: ReadonlyMap<string, number>;
  /** By tenant. */
  readonly confirmedUntilMs: ReadonlyMap<string, number>;
}

/** Nothing runs and nothing is remembered. */
export const EMPTY_ACTION_BOOK: ActionBook = { running: [], coolUntilMs: new Map(), confirmedUntilMs: new Map() };

/** What holds for all actions of a service in one tick. */
export interface ActionTick {
  readonly nowMs: number;
  readonly wallMs: number;
  /** What a gate looked back on. */
  readonly windowMs: (gate: GateName) => number;
  readonly gates: GateState;
  /** This tick was seen and judged. */
  readonly judged: boolean;
  readonly mayStart: boolean;
  readonly safeMode: boolean;
  readonly isShadowed: (gate: GateName) => boolean;
  readonly isCancelled: (id: string) => boolean;
  /** Something refused calls on an edge of the action. */
  readonly binds: (action: RunningAction) => boolean;
  readonly nextId: () => string;
}

export interface FollowedActions {
  readonly book: ActionBook;
  /** What is to be told now. */
  readonly told: readonly RunningAction[];
}

/** Kinds that only say what is so, or that follow the overload controller: they may come back at once. */
const WITHOUT_COOL_DOWN: ReadonlySet<ActionKind> = new Set(['freeze-learning', 'shed-priority', 'shed-retries']);
/** Kinds that end with their cause. */
const END_AT_ONCE: ReadonlySet<ActionKind> = new Set(['freeze-learning', 'advise-batching', 'hold-rollout', 'probe']);
/** Kinds whose size is given back step by step. */
const RELAXING: ReadonlySet<ActionKind> = new Set(['reallocate', 'cut-burst', 'throttle']);

/**
 * Starts, renews, relaxes and ends the actions of a service. Wanted ones are
 * renewed; a cause that is gone lets an action relax (+5 % a step) and end when it
 * has kept nobody away for 5 ticks; a verdict that is UNKNOWN starts nothing and
 * renews nothing but relaxation, so that an action runs out.
 */
export function followActions(book: ActionBook, measures: readonly Measure[], tick: ActionTick): FollowedActions {
  const wanted = new Map<string, Measure>();
  const ends = new Map<string, EndCause>();
  for (const measure of measures) {
    if (measure.ends === undefined) wanted.set(actionKey(measure), measure);
    else ends.set(actionKey(measure), measure.ends);
  }
  const cooling = withoutPast(book.coolUntilMs, tick.nowMs);
  const confirmed = withoutPast(book.confirmedUntilMs, tick.nowMs);
  const running: RunningAction[] = [];
  const told: RunningAction[] = [];
  for (const action of book.running) {
    const key = actionKey(action.record);
    const next = follow(action, wanted.get(key), ends.get(key), tick);
    wanted.delete(key);
    if (next.record.phase === 'ended') {
      told.push(next);
      const { endCause, target } = next.record;
      if (endCause === 'cancelled' || endCause === 'not-confirmed') cooling.set(key, tick.nowMs + COOL_DOWN_MS);
      if (endCause === 'confirmed') confirmed.set(target, tick.nowMs + CONFIRMED_MS);
    } else {
      running.push(next);
      if (next.toldMs === tick.nowMs) told.push(next);
    }
  }
  for (const [key, measure] of wanted) {
    if (!tick.mayStart || tick.safeMode || cooling.has(key) || running.length >= RUNNING_MAX) continue;
    const action = start(measure, tick);
    running.push(action);
    told.push(action);
    if (!WITHOUT_COOL_DOWN.has(measure.kind)) cooling.set(key, tick.nowMs + COOL_DOWN_MS);
  }
  return { book: { running, coolUntilMs: cooling, confirmedUntilMs: confirmed }, told };
}

function follow(
  action: RunningAction,
  wanted: Measure | undefined,
  ends: EndCause | undefined,
  tick: ActionTick,
): RunningAction {
  const { id, gate, kind } = action.record;
  if (tick.safeMode) return end(action, 'safe-mode');
  if (tick.isCancelled(id)) return end(action, 'cancelled');
  if (ends !== undefined) return end(action, ends);
  // What is given back step by step is given back in doubt too, as long as there are data.
  const doubtful = tick.gates[gate].status === 'UNKNOWN' && !RELAXING.has(kind);
  if (!tick.judged || doubtful) {
    return tick.nowMs >= action.expiresMs ? end(action, 'expired') : action;
  }
  const renewed = renew({ ...action, ticksAtSize: action.ticksAtSize + 1 }, tick);
  if (wanted) return resize({ ...renewed, edges: wanted.edges, calmTicks: 0 }, wanted.size, tick);
  return relax(renewed, tick);
}

function start(measure: Measure, tick: ActionTick): RunningAction {
  const { gate, horizon, kind, target, size } = measure;
  const { nowMs, wallMs } = tick;
  return {
    record: {
      id: tick.nextId(),
      gate,
      horizon,
      kind,
      target,
      size,
      ratio: tick.gates[gate].ratio ?? 0,
      threshold: 1,
      windowMs: tick.windowMs(gate),
      startedAtMs: wallMs,
      expiresAtMs: wallMs + ACTION_TERM_MS,
      phase: 'started',
      endCause: '',
      shadow: tick.isShadowed(gate),
    },
    edges: measure.edges,
    victim: measure.victim ?? '',
    before: measure.before ?? [],
    startedMs: nowMs,
    steppedMs: nowMs,
    expiresMs: nowMs + ACTION_TERM_MS,
    toldMs: nowMs,
    ticksAtSize: 0,
    calmTicks: 0,
  };
}

/** A gate that was taken out of the shadow, or put into it, meets a running action at its next tick, and that is told. */
function renew(action: RunningAction, { nowMs, wallMs, isShadowed }: ActionTick): RunningAction {
  const record = { ...action.record, expiresAtMs: wallMs + ACTION_TERM_MS };
  const renewed = { ...action, record, expiresMs: nowMs + ACTION_TERM_MS };
  const shadow = isShadowed(record.gate);
  if (shadow === record.shadow) return renewed;
  return { ...renewed, record: { ...record, shadow, phase: 'changed' }, toldMs: nowMs };
}

function resize(action: RunningAction, size: number, tick: ActionTick): RunningAction {
  const { record } = action;
  if (size === record.size) return action;
  const moved = Math.abs(size - record.size) > TOLD_CHANGE * record.size;
  const stepped: RunningAction = { ...action, record: { ...record, size }, steppedMs: tick.nowMs, ticksAtSize: 0 };
  if (!moved || tick.nowMs - action.toldMs < TOLD_EVERY_MS) return stepped;
  const ratio = tick.gates[record.gate].ratio ?? record.ratio;
  return { ...stepped, record: { ...stepped.record, ratio, phase: 'changed' }, toldMs: tick.nowMs };
}

/** Nothing asks for the action in this tick. */
function relax(action: RunningAction, tick: ActionTick): RunningAction {
  const { gate, kind, size } = action.record;
  if (END_AT_ONCE.has(kind)) return end(action, 'recovered');
  // Still needed: only somebody else is the worst just now.
  if (RELAXING.has(kind) && tick.gates[gate].status === 'FAIL') return { ...action, calmTicks: 0 };
  const binds = RELAXING.has(kind) && tick.binds(action);
  const calmTicks = binds ? 0 : action.calmTicks + 1;
  if (calmTicks >= CALM_TICKS) return end(action, 'recovered');
  const calm = { ...action, calmTicks };
  if (!RELAXING.has(kind) || !isSettled(action, tick.nowMs)) return calm;
  const given = Number((size + INCREASE).toFixed(4));
  return given >= 1 ? end(action, 'recovered') : resize(calm, Math.max(FLOOR, given), tick);
}

const end = (action: RunningAction, endCause: EndCause): RunningAction => ({
  ...action,
  record: { ...action.record, phase: 'ended', endCause },
});

const withoutPast = (times: ReadonlyMap<string, number>, nowMs: number): Map<string, number> =>
  new Map([...times].filter(([, untilMs]) => untilMs > nowMs));
