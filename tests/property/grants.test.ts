import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { Admission } from '../../control-plane/admission/admission.ts';
import { UNLIMITED } from '../../core/capacity/capacity-vector.ts';
import { admissionSceneOf } from '../../core/kernel/admission-scene-of.ts';
import { createKernel } from '../../core/kernel/kernel-state.ts';
import { manualClock } from '../support/manual-clock.ts';
import { MemoryLedger, MemoryRevoker } from '../support/memory-stores.ts';
import { meshConfig } from '../support/mesh-fixtures.ts';

const DUST = 1e-9;
const signingKey = { kid: 'k', privateKey: generateKeyPairSync('ed25519').privateKey, publicJwk: {} };
const config = meshConfig({
  services: { payment: {} },
  workloads: { checkout: {} },
  budgets: { checkout: { payment: {} } },
});

const int = fc.option(
  fc.integer({ min: 0, max: 10 }).map((tenths) => tenths / 10),
  { nil: null },
);
const step = fc.record({
  kind: fc.constantFrom('request', 'renew', 'renew', 'release', 'revoke', 'wait'),
  /** Which of all tokens so far. */
  which: fc.nat(30),
  int,
  seconds: fc.integer({ min: 1, max: 120 }),
});

describe('grants that are asked for, renewed, given back and revoked (CONTRACT §E)', () => {
  it('never add up to more than the account, and every token that works has its grant', () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40, size: 'max' }), async (steps) => {
        const clock = manualClock(1_800_000_000_000);
        const [ledger, revoker] = [new MemoryLedger(), new MemoryRevoker()];
        let ids = 0;
        const admission = new Admission({
          ledger,
          revoker,
          signingKey: () => signingKey,
          config: () => config,
          scene: () => admissionSceneOf(createKernel()),
          note: () => {},
          agreed: async () => ({ reached: true, applied: 1, needed: 1 }),
          clock,
          newGrantId: () => {
            ids += 1;
            return `g${ids}`;
          },
        });
        const issued: { readonly grantId: string; readonly expiresAtMs: number }[] = [];
        for (const { kind, which, int: share, seconds } of steps) {
          const grantId = issued[which % Math.max(1, issued.length)]?.grantId ?? 'none';
          const vector = { ...UNLIMITED, int: share };
          const asked = { workload: 'checkout', durationMs: seconds * 1000 };
          if (kind === 'wait') clock.advance(seconds * 500);
          else if (kind === 'release') await admission.release('checkout', grantId);
          else if (kind === 'revoke') await admission.revokeGrant(grantId);
          else {
            const answer =
              kind === 'request'
                ? await admission.request({ ...asked, vector })
                : await admission.renew({ ...asked, grantId, vector: share === null ? null : vector });
            if (answer?.admitted === true) issued.push(answer);
          }
          const live = ledger.account('checkout').grants.filter(({ expiresAtMs }) => expiresAtMs > clock.wallMs());
          const charged = live.reduce((sum, grant) => sum + (grant.vector.int ?? 0), 0);
          assert.ok(charged <= 1 + DUST, `${charged} after ${kind}`);
          const works = issued.filter(
            (token) => token.expiresAtMs > clock.wallMs() && !revoker.grants.has(token.grantId),
          );
          assert.deepEqual(works.map((token) => token.grantId).sort(), live.map(({ jti }) => jti).sort());
        }
      }),
      { numRuns: 150 },
    ));
});
