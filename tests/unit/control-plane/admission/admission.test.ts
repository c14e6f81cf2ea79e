import { deepEqual, equal } from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, it } from 'mocha';
import { Admission } from '../../../../control-plane/admission/admission.ts';
import { admitInto, type GrantOutcome } from '../../../../control-plane/admission/admit-into.ts';
import type { Account } from '../../../../control-plane/state/account.ts';
import { cautionAt } from '../../../../core/admission/admission-caution.ts';
import type { AdmissionRecord } from '../../../../core/admission/admission-ledger.ts';
import type { GrantRequest } from '../../../../core/admission/admit-grant.ts';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { MemoryLedger, MemoryRevoker } from '../../../support/memory-stores.ts';
import { meshConfig } from '../../../support/mesh-fixtures.ts';

const WALL_MS = 1_800_000_000_000;
const signingKey = { kid: 'k', privateKey: generateKeyPairSync('ed25519').privateKey, publicJwk: {} };
const scene = { pools: new Map(), caution: cautionAt(0) };
const request = (int: number): GrantRequest => ({
  workload: 'batch',
  vector: { ...UNLIMITED, int },
  durationMs: 60_000,
});

/** What another replica writes is seen here when it is read anew. */
class LaggingLedger extends MemoryLedger {
  readonly written = new Map<string, Account>();
  override async refresh(workload: string): Promise<void> {
    const account = this.written.get(workload);
    if (account !== undefined) this.accounts.set(workload, account);
  }
}

describe('Admission, of an account that is at home at another replica', () => {
  let ledger: LaggingLedger;
  let noted: AdmissionRecord[];
  let passed: string[];
  let answer: (request: GrantRequest, grantId: string) => GrantOutcome | null;
  let admission: Admission;

  /** The other replica admits and writes. */
  const atHome = (asked: GrantRequest, grantId: string): GrantOutcome => {
    const { account, result } = admitInto(ledger.account('batch'), asked, grantId, { scene, wallMs: WALL_MS });
    if (account !== null) ledger.written.set('batch', account);
    return { ...result, assessment: null };
  };

  beforeEach(() => {
    ledger = new LaggingLedger();
    noted = [];
    passed = [];
    answer = atHome;
    let ids = 0;
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
      note: (record) => noted.push(record),
      agreed: async () => ({ reached: true, applied: 1, needed: 1 }),
      askHome: async (asked, grantId) => {
        passed.push(grantId);
        return answer(asked, grantId);
      },
      clock: manualClock(WALL_MS),
      newGrantId: () => {
        ids += 1;
        return `g${ids}`;
      },
    });
  });

  it('signs what the home admits, writes nothing and leaves the prediction to it', async () => {
    const granted = await admission.request(request(0.5));
    deepEqual([granted?.admitted, granted?.admitted && granted.grantId], [true, 'g1']);
    deepEqual([ledger.account('batch').grants, noted], [[], []]);
  });

  it('tells what the home refuses', async () => {
    ledger.accounts.set('batch', {
      ...ledger.account('batch'),
      grants: [{ jti: 'full', vector: { ...UNLIMITED, int: 1 }, issuedAtMs: WALL_MS, expiresAtMs: WALL_MS + 5000 }],
    });
    const refused = await admission.request(request(0.5));
    deepEqual([refused?.admitted, refused?.admitted === false && refused.bindingAxes], [false, ['int']]);
  });

  it('decides under the same id where the home does not answer, and finds what it has written', async () => {
    answer = (asked, grantId) => {
      atHome(asked, grantId);
      ledger.accounts.set('batch', ledger.written.get('batch') as Account);
      return null;
    };
    const granted = await admission.request(request(0.75));
    deepEqual([granted?.admitted, granted?.admitted && granted.grantId], [true, 'g1']);
    deepEqual(
      ledger.account('batch').grants.map(({ jti }) => jti),
      ['g1'],
    );
    deepEqual(noted, [], 'the home has told of it');
    answer = () => null;
    equal((await admission.request(request(0.25)))?.admitted, true);
    deepEqual(passed, ['g1', 'g2']);
  });

  it('decides here what waits for other replicas', async () => {
    equal(
      (await admission.request({ ...request(0.1), vector: { ...UNLIMITED, int: 0.1, gauge: 0.5 } }))?.admitted,
      true,
    );
    deepEqual([passed, ledger.account('batch').grants.length], [[], 1]);
  });

  it('gives back and renews a grant that is not seen here yet', async () => {
    await admission.request(request(0.5));
    const renewed = await admission.renew({ workload: 'batch', grantId: 'g1', vector: null, durationMs: 60_000 });
    equal(renewed?.admitted, true);
    ledger.accounts.delete('batch');
    await admission.request(request(0.25));
    equal(await admission.release('batch', 'g3'), true);
  });
});
