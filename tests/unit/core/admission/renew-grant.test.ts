import assert from 'node:assert/strict';
import type { GrantScope } from '../../../../core/admission/admit-grant.ts';
import { GRANTS_MAX, type Grant } from '../../../../core/admission/grant.ts';
import { renewGrant } from '../../../../core/admission/renew-grant.ts';
import { type CapacityVector, UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { admissionSceneOf } from '../../../../core/kernel/admission-scene-of.ts';
import { createKernel } from '../../../../core/kernel/kernel-state.ts';

const WALL_MS = 1_800_000_000_400;
const vector = (axes: Partial<CapacityVector>): CapacityVector => ({ ...UNLIMITED, ...axes });
const grant = (jti: string, axes: Partial<CapacityVector>): Grant => ({
  jti,
  vector: vector(axes),
  issuedAtMs: 0,
  expiresAtMs: WALL_MS + 10_000,
});
const OLD = grant('old', { int: 0.6 });

const renew = (axes: Partial<CapacityVector>, others: readonly Grant[] = [], old = OLD) => {
  const scope: GrantScope = {
    scene: admissionSceneOf(createKernel()),
    live: [...others, old],
    newGrantId: () => 'new',
    wallMs: WALL_MS,
  };
  return renewGrant({ workload: 'checkout', vector: vector(axes), durationMs: 1500 }, old, scope);
};

describe('renewGrant', () => {
  it('counts the old grant out: as much again always fits, more only where the others leave room', () => {
    const other = grant('other', { int: 0.4 });
    const same = renew({ int: 0.6 }, [other]);
    assert.deepEqual(same.admitted && [same.grant.jti, same.grant.vector.int, same.grant.expiresAtMs], [
      'new',
      0.6,
      1_800_000_002_000,
    ]);
    assert.equal(renew({ int: 0.2 }, [other]).admitted, true);
    const more = renew({ int: 0.7 }, [other]);
    assert.deepEqual(!more.admitted && [more.bindingAxes, more.available.int], [['int'], 0.6]);
    const grown = renew({ int: 0.7 }, [grant('other', { int: 0.3 })]);
    assert.equal(grown.admitted && grown.grant.vector.int, 0.7);
  });

  it('charges what takes the place of a grant without a limit', () => {
    const old = grant('old', {});
    assert.equal(renew({}, [], old).admitted, true);
    const narrowed = renew({ int: 0.7 }, [grant('other', { int: 0.4 })], old);
    assert.deepEqual(!narrowed.admitted && narrowed.bindingAxes, ['int']);
    assert.equal(renew({ int: 0.6 }, [grant('other', { int: 0.4 })], old).admitted, true);
  });

  it('needs no room for another grant', () => {
    const others = Array.from({ length: GRANTS_MAX - 1 }, (_, each) => grant(`g${each}`, {}));
    assert.equal(renew({ int: 0.8 }, others).admitted, true);
  });
});
