import assert from 'node:assert/strict';
import { describeAction, describeSize } from '../../../../core/stability/describe-action.ts';
import type { ActionKind, StabilityActionRecord } from '../../../../core/stability/stability-action.ts';
import { actionRecord } from '../../../support/action-records.ts';

const record = (more: Partial<StabilityActionRecord> = {}): StabilityActionRecord =>
  actionRecord({ kind: 'throttle', target: 'batch', size: 0.7, ratio: 1.234, ...more });

describe('what is told about an action', () => {
  it('says for every kind how much is done', () => {
    const sizes: Readonly<Record<ActionKind, [number, string]>> = {
      'limit-concurrency': [12, '12 calls in flight'],
      'freeze-learning': [0, 'the model is not taught the outage'],
      'shed-priority': [0.25, '25 % of the calls shed, lowest priority first'],
      'shed-retries': [5, 'retry budget 5 %, retries give way to first attempts'],
      reallocate: [0.7, '70 % of its guarantee left'],
      'cut-burst': [0.49, 'guaranteed rate and 49 % of its burst left'],
      'advise-batching': [1.5, 'larger batches and smaller caches advised'],
      'hold-rollout': [0, 'changes not made by an operator wait'],
      'shorten-leases': [0.5, 'leases at 50 % of their term'],
      probe: [0.9, '90 % of what it used left'],
      throttle: [0.7, '70 % of what it used left'],
      fence: [0, 'every call refused'],
      'request-scale': [1.5, '1.5 times its capacity asked for'],
    };
    for (const [kind, [size, words]] of Object.entries(sizes)) {
      assert.equal(describeSize(kind as ActionKind, size), words);
    }
  });

  it('says to whom, by which gate, for whom, and that the shadow enforces nothing', () => {
    assert.equal(
      describeAction('payment', record(), 'web'),
      'payment: throttle on batch started, 70 % of what it used left; fit u 1.23, for web',
    );
    assert.equal(
      describeAction('payment', record({ kind: 'hold-rollout', target: 'payment', shadow: true })),
      'payment: hold-rollout started, changes not made by an operator wait; fit u 1.23 (shadow: nothing is enforced)',
    );
    assert.equal(
      describeAction('payment', record({ phase: 'ended', endCause: 'recovered' })),
      'payment: throttle on batch ended, recovered',
    );
  });
});
