import { deepEqual, equal, throws } from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  ACCOUNT_EVENTS_MAX,
  type Account,
  EMPTY_ACCOUNT,
  TAKING_BACK_EVENTS_MAX,
  withEvent,
} from '../../../../control-plane/state/account.ts';
import { StoreBusyError } from '../../../../control-plane/state/compare-and-set.ts';
import { sumGrants } from '../../../../control-plane/state/live-grants.ts';
import { type CapacityVector, UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';

const account = (...grants: [number, Partial<CapacityVector>][]): Account => ({
  ...EMPTY_ACCOUNT,
  grants: grants.map(([expiresAtMs, vector], index) => ({
    jti: `g${index}`,
    vector: { ...UNLIMITED, ...vector },
    issuedAtMs: 0,
    expiresAtMs,
  })),
});

describe('accounts', () => {
  it('sum live grants; one that ends now is over, a workload without any is absent', () => {
    const sums = sumGrants(
      [
        ['checkout', account([2000, { int: 0.5, ptr: 0.25 }], [2000, { int: 0.25, ptr: 0.25 }], [1000, { int: 0.25 }])],
        ['batch', account([1000, { int: 1 }])],
      ],
      1000,
    );
    deepEqual([...sums.keys()], ['checkout']);
    equal(sums.get('checkout')?.int, 0.75);
    equal(sums.get('checkout')?.ptr, 0.5);
  });

  it('number their events, hold a bounded many and lose none for a new one; taking back goes on for longer', () => {
    let held = EMPTY_ACCOUNT;
    for (let index = 0; index < ACCOUNT_EVENTS_MAX; index += 1) held = withEvent(held, `e${index}`, index);
    throws(() => withEvent(held, 'one too many', 0), StoreBusyError);
    for (let index = ACCOUNT_EVENTS_MAX; index < TAKING_BACK_EVENTS_MAX; index += 1) {
      held = withEvent(held, `e${index}`, index, TAKING_BACK_EVENTS_MAX);
    }
    throws(() => withEvent(held, 'one too many', 0, TAKING_BACK_EVENTS_MAX), StoreBusyError);
    equal(held.eventCount, TAKING_BACK_EVENTS_MAX);
    deepEqual(
      held.events.map(({ number }) => number),
      Array.from({ length: TAKING_BACK_EVENTS_MAX }, (_, index) => index + 1),
    );
  });
});
