import { deepEqual, equal } from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { LedgerAudit } from '../../../bench/grants/ledger-audit.ts';
import { EMPTY_ACCOUNT } from '../../../control-plane/state/account.ts';
import { encodeAccount } from '../../../control-plane/state/account-codec.ts';
import { UNLIMITED } from '../../../core/capacity/capacity-vector.ts';

const NOTHING_WRONG = { unseen: 0, overBudget: 0, lost: 0, endedEarly: 0, doubled: 0 };

describe('audit of the ledger', () => {
  let audit: LedgerAudit;
  let sequence: number;

  const grant = (jti: string, int: number, expiresAtMs = 9000) => ({
    jti,
    vector: { ...UNLIMITED, int },
    issuedAtMs: 0,
    expiresAtMs,
  });
  const revision = (wallMs: number, ...grants: ReturnType<typeof grant>[]): void => {
    sequence += 1;
    audit.take('checkout', sequence, wallMs, encodeAccount({ ...EMPTY_ACCOUNT, grants }));
  };
  const answered = (...ids: string[]) => ids.map((jti) => ({ workload: 'checkout', jti, expiresAtMs: 9000 }));

  beforeEach(() => {
    audit = new LedgerAudit();
    sequence = 0;
  });

  it('finds nothing wrong where grants come, expire and are released', () => {
    revision(1000, grant('a', 0.5), grant('b', 0.5, 2000));
    audit.released('a', 2000);
    revision(3000, grant('c', 1));
    deepEqual(audit.faults(answered('a', 'b', 'c')), NOTHING_WRONG);
    equal(audit.untold(answered('a', 'c')), 1);
  });

  it('finds an account above its budget, on any axis', () => {
    revision(1000, grant('a', 0.6), grant('b', 0.5));
    deepEqual(audit.faults([]), { ...NOTHING_WRONG, overBudget: 1 });
  });

  it('finds a grant that was answered and is nowhere', () => {
    revision(1000, grant('a', 0.5));
    deepEqual(audit.faults(answered('a', 'b')), { ...NOTHING_WRONG, lost: 1 });
  });

  it('finds a grant that went before its time, and one that came back', () => {
    revision(1000, grant('a', 0.5));
    revision(1001);
    revision(1002, grant('a', 0.5));
    deepEqual(audit.faults(answered('a')), { ...NOTHING_WRONG, endedEarly: 1, doubled: 1 });
  });

  it('finds a grant that is there twice, and one that was answered twice', () => {
    revision(1000, grant('a', 0.1), grant('a', 0.1));
    deepEqual(audit.faults(answered('a', 'a')), { ...NOTHING_WRONG, doubled: 2 });
  });

  it('says when it has not seen everything', () => {
    revision(1000, grant('a', 0.1));
    sequence = 4;
    revision(1000, grant('a', 0.1));
    equal(audit.faults([]).unseen, 3);
  });
});
