import assert from 'node:assert/strict';
import type { EdgeEffect } from '../../../../core/allocators/enforce-plan.ts';
import { edgeEffects } from '../../../../core/stability/edge-effects.ts';
import type { ActionEdge, RunningAction } from '../../../../core/stability/running-action.ts';
import type { ActionKind } from '../../../../core/stability/stability-action.ts';
import { actionRecord } from '../../../support/action-records.ts';

const edge = (more: Partial<ActionEdge> = {}): ActionEdge => ({
  key: 'batch/payment',
  usedRps: 80,
  usedInFlight: 16,
  guaranteeRps: 100,
  shed: null,
  ...more,
});

const action = (
  kind: ActionKind,
  size: number,
  edges: readonly ActionEdge[] = [edge()],
  shadow = false,
): RunningAction => ({
  record: actionRecord({ gate: 'uv', kind, target: 'batch/payment', size, shadow }),
  edges,
  victim: '',
  before: [],
  startedMs: 0,
  steppedMs: 0,
  expiresMs: 0,
  toldMs: 0,
  ticksAtSize: 0,
  calmTicks: 0,
});

const NOTHING: EdgeEffect = {
  rateRps: Number.POSITIVE_INFINITY,
  burstFactor: 1,
  concurrency: Number.POSITIVE_INFINITY,
  retryPercent: 100,
  leaseFactor: 1,
  shedBelowPrio: 0,
  shedRatio: 0,
  shedRetries: false,
  fenced: false,
};

const effectOf = (...actions: RunningAction[]): EdgeEffect | undefined => edgeEffects(actions).get('batch/payment');

describe('effects of actions on an edge', () => {
  it('follow the kind and size of each action', () => {
    const shed = { belowPrio: 3, ratio: 0.5, retries: true };
    const effects: [RunningAction, Partial<EdgeEffect>][] = [
      [action('shed-priority', 0.5, [edge({ shed })]), { shedBelowPrio: 3, shedRatio: 0.5 }],
      [action('shed-priority', 0.5), {}],
      [action('shed-retries', 5, [edge({ shed })]), { retryPercent: 5, shedRetries: true }],
      [action('shed-retries', 5), { retryPercent: 5 }],
      // What is answered well goes on being answered.
      [action('reallocate', 0.7), { rateRps: 80 }],
      [action('reallocate', 0.7, [edge({ usedRps: 10 })]), { rateRps: 70 }],
      [action('cut-burst', 0.7), { rateRps: 100, burstFactor: 0.7 }],
      [action('shorten-leases', 0.5), { leaseFactor: 0.5 }],
      // √ of what is held on top: calls come in clusters.
      [action('probe', 0.9), { rateRps: 72, concurrency: 18 }],
      [action('throttle', 0.05), { rateRps: 10, concurrency: 2 }],
      [action('throttle', 0.5, [edge({ guaranteeRps: null })]), { concurrency: 11 }],
      [action('fence', 0), { fenced: true }],
      [action('freeze-learning', 0), {}],
    ];
    for (const [one, effect] of effects) assert.deepEqual(effectOf(one), { ...NOTHING, ...effect }, one.record.kind);
  });

  it('are the stricter of two in every respect, whichever comes first', () => {
    const one = action('throttle', 0.5);
    const other = action('shed-retries', 5, [edge({ shed: { belowPrio: 0, ratio: 0, retries: true } })]);
    const both = { ...NOTHING, rateRps: 40, concurrency: 11, retryPercent: 5, shedRetries: true };
    assert.deepEqual(effectOf(one, other), both);
    assert.deepEqual(effectOf(other, one), both);
  });

  it('are none in the shadow', () => {
    assert.equal(effectOf(action('fence', 0, [edge()], true)), undefined);
  });
});
