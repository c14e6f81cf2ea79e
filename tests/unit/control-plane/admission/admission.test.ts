import { deepEqual, equal } from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, it } from 'mocha';
import { Admission } from '../../../../control-plane/admission/admission.ts';
import { EMPTY_ACCOUNT } from '../../../../control-plane/state/account.ts';
import { cautionAt } from '../../../../core/admission/admission-caution.ts';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { MemoryLedger, MemoryRevoker } from '../../../support/memory-stores.ts';
import { meshConfig } from '../../../support/mesh-fixtures.ts';

const WALL_MS = 1_800_000_000_000;
const signingKey = { kid: 'k', privateKey: generateKeyPairSync('ed25519').privateKey, publicJwk: {} };
const scene = { pools: new Map(), caution: cautionAt(0) };

/** Another replica has written a grant, which is seen here when the account is read anew. */
class LaggingLedger extends MemoryLedger {
  override async refresh(workload: string): Promise<void> {
    const grant = {
      jti: 'elsewhere',
      vector: { ...UNLIMITED, int: 0.5 },
      issuedAtMs: WALL_MS,
      expiresAtMs: WALL_MS + 5000,
    };
    this.accounts.set(workload, { ...EMPTY_ACCOUNT, grants: [grant] });
  }
}

describe('Admission, of a grant that another replica has just written', () => {
  let ledger: LaggingLedger;
  let admission: Admission;

  beforeEach(() => {
    ledger = new LaggingLedger();
    const config = meshConfig({
      services: { payment: {} },
      workloads: { batch: {} },
      budgets: { batch: { payment: {} } },
    });
    admission = new Admission({
      ledger,
      revoker: new MemoryRevoker(),
      signingKey: () => signingKey,
      config: () => config,
      scene: () => scene,
      note: () => {},
      agreed: async () => ({ reached: true, applied: 1, needed: 1 }),
      clock: manualClock(WALL_MS),
      newGrantId: () => 'new',
    });
  });

  it('renews it', async () => {
    const renewed = await admission.renew({
      workload: 'batch',
      grantId: 'elsewhere',
      vector: null,
      durationMs: 60_000,
    });
    equal(renewed?.admitted, true);
    deepEqual(
      ledger.account('batch').grants.map(({ jti }) => jti),
      ['new'],
    );
  });

  it('takes it back', async () => {
    equal(await admission.release('batch', 'elsewhere'), true);
    deepEqual(ledger.account('batch').grants, []);
    equal(await admission.release('batch', 'nowhere'), false);
  });
});
