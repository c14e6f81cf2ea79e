import assert from 'node:assert/strict';
import { createServiceState, type ServiceState } from '../../../../core/kernel/service-state.ts';
import { followShareBoost } from '../../../../core/kernel/share-boost.ts';
import type { OverloadState } from '../../../../core/stability/overload-controller.ts';

const LIMIT = 20;

/** A service that is held, with so many calls in flight in the newest tick. */
function held(inFlight: number, breakerRefused: number, controller: Partial<OverloadState> = {}): ServiceState {
  const service = createServiceState('payment', 0);
  service.controller = { ...service.controller, mode: 'trim', ...controller };
  service.shareBoost = 1.2;
  service.newest = {
    durationSec: 1,
    attempts: 300,
    breakerRefused,
    shed: 0,
    answers: 300,
    latencySumSec: inFlight,
    timeouts: 0,
    inFlight,
  };
  return service;
}

const boosted = (service: ServiceState): number => {
  followShareBoost(service, LIMIT);
  return service.shareBoost;
};

describe('the factor on N that shares leave unused', () => {
  it('grows while callers are refused and N is not filled, up to one half more', () => {
    const service = held(10, 40);
    assert.ok(boosted(service) > 1.2);
    for (let tick = 0; tick < 20; tick++) followShareBoost(service, LIMIT);
    assert.equal(service.shareBoost, 1.5);
  });

  it('stays where nobody is refused, and falls at once, never below 1, where more than N is held', () => {
    assert.equal(boosted(held(10, 0)), 1.2);
    assert.ok(Math.abs(boosted(held(20, 40)) - 1.2 * 0.92) < 1e-9);
    assert.equal(boosted(held(60, 40)), 1);
  });

  it('stays while a verification has lowered N, a cut settles, or nothing is answered', () => {
    assert.equal(boosted(held(60, 40, { verifyStep: 1 })), 1.2);
    assert.equal(boosted(held(60, 40, { settleTicks: 1 })), 1.2);
    const silent = held(60, 40);
    silent.newest = { ...(silent.newest ?? assert.fail()), answers: 0 };
    assert.equal(boosted(silent), 1.2);
  });

  it('is 1 while nothing is held or known', () => {
    assert.equal(boosted(held(10, 40, { mode: 'open' })), 1);
    const unknown = held(10, 40);
    unknown.newest = null;
    assert.equal(boosted(unknown), 1);
  });
});
