import assert from 'node:assert/strict';
import { admitGrant, type GrantScope } from '../../../../core/admission/admit-grant.ts';
import { GRANTS_MAX, type Grant, liveGrants } from '../../../../core/admission/grant.ts';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { admissionSceneOf } from '../../../../core/kernel/admission-scene-of.ts';
import { createKernel } from '../../../../core/kernel/kernel-state.ts';

const WALL_MS = 1_800_000_000_400;

const scope = (live: readonly Grant[] = []): GrantScope => ({
  scene: admissionSceneOf(createKernel()),
  live,
  newGrantId: () => 'new',
  wallMs: WALL_MS,
});

const grant = (endsInMs: number, int: number | null = null): Grant => ({
  jti: `ends-${endsInMs}`,
  vector: { ...UNLIMITED, int },
  issuedAtMs: 0,
  expiresAtMs: WALL_MS + endsInMs,
});

const ask = (int: number, live: readonly Grant[]) =>
  admitGrant({ workload: 'checkout', vector: { ...UNLIMITED, int }, durationMs: 1500 }, scope(live));

describe('admitGrant (CONTRACT §E)', () => {
  it('begins and ends at the full second outside of the duration', () => {
    const decision = ask(0.5, []);
    assert.ok(decision.admitted);
    assert.deepEqual(decision.grant, {
      jti: 'new',
      vector: { ...UNLIMITED, int: 0.5 },
      issuedAtMs: 1_800_000_000_000,
      expiresAtMs: 1_800_000_002_000,
    });
  });

  it('tells when the next grant ends, between a second and a minute', () => {
    const retryAfterMs = (...ends: number[]) => {
      const decision = ask(
        1,
        ends.map((end) => grant(end, 0.5)),
      );
      return decision.admitted ? null : decision.retryAfterMs;
    };
    assert.deepEqual([retryAfterMs(30_000, 20_000), retryAfterMs(5), retryAfterMs(3_600_000)], [20_000, 1000, 60_000]);
  });

  it('keeps no more live grants than an account holds, whatever is asked', () => {
    const full = Array.from({ length: GRANTS_MAX }, () => grant(10_000));
    const decision = ask(0, full);
    assert.deepEqual(!decision.admitted && [decision.gatesFailed, decision.bindingAxes, decision.message], [
      [],
      [],
      'the account holds 1000 live grants',
    ]);
    assert.equal(ask(0, full.slice(1)).admitted, true);
  });
});

describe('liveGrants', () => {
  it('leaves out what ends now', () => {
    assert.deepEqual(
      liveGrants([grant(0), grant(1)], WALL_MS).map(({ jti }) => jti),
      ['ends-1'],
    );
  });
});
