import { deepEqual, equal, rejects, throws } from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type Account, EMPTY_ACCOUNT } from '../../../../control-plane/state/account.ts';
import { applyChanges, waitingChange } from '../../../../control-plane/state/account-changes.ts';
import { decodeAccount, encodeAccount } from '../../../../control-plane/state/account-codec.ts';
import { UNLIMITED } from '../../../../core/capacity/capacity-vector.ts';

const grant = (jti: string, expiresAtMs = 9000) => ({ jti, vector: UNLIMITED, issuedAtMs: 0, expiresAtMs });
const adds = (jti: string, wallMs = 0) =>
  waitingChange(wallMs, (account) => ({
    account: { ...account, grants: [...account.grants, grant(jti)] },
    result: account.grants.length,
  }));
const ids = (account: Account | null) => account?.grants.map(({ jti }) => jti);

describe('changes of an account that become one write', () => {
  it('are each made on what the one before left', async () => {
    const changes = [adds('a'), adds('b')];
    deepEqual(
      ids(
        applyChanges(
          EMPTY_ACCOUNT,
          changes.map(({ waiting }) => waiting),
        ),
      ),
      ['a', 'b'],
    );
    for (const { waiting } of changes) waiting.done();
    deepEqual(await Promise.all(changes.map(({ result }) => result)), [0, 1]);
  });

  it('answer what the last try came to, when another replica was faster', async () => {
    const { waiting, result } = adds('a');
    applyChanges(EMPTY_ACCOUNT, [waiting]);
    applyChanges({ ...EMPTY_ACCOUNT, grants: [grant('of-another')] }, [waiting]);
    waiting.done();
    equal(await result, 1);
  });

  it('write nothing where all of them only look', async () => {
    const looks = waitingChange(0, () => ({ account: null, result: 'denied' }));
    equal(applyChanges(EMPTY_ACCOUNT, [looks.waiting]), null);
    looks.waiting.done();
    equal(await looks.result, 'denied');
  });

  it('drop what has expired by the newest of them', () => {
    const before = { ...EMPTY_ACCOUNT, grants: [grant('old', 1000)] };
    deepEqual(ids(applyChanges(before, [adds('a', 999).waiting, adds('b', 1000).waiting])), ['a', 'b']);
  });

  it('fail alone when they throw', async () => {
    const bad = waitingChange(0, () => {
      throw new Error('no');
    });
    const changes = [adds('a').waiting, bad.waiting, adds('b').waiting];
    deepEqual(ids(applyChanges(EMPTY_ACCOUNT, changes)), ['a', 'b']);
    equal(changes.length, 2);
    await rejects(bad.result, /no/);
  });
});

describe('an account as it is stored', () => {
  it('comes back as it was', () => {
    const account: Account = {
      ...EMPTY_ACCOUNT,
      generation: 3,
      enrolmentHash: 'ab',
      grants: [{ ...grant('a'), vector: { ...UNLIMITED, int: 0.5, obs: 0 } }, grant('b')],
      eventCount: 7,
      events: [{ number: 7, message: 'm', wallMs: 5 }],
    };
    deepEqual(decodeAccount(encodeAccount(account)), account);
  });

  it('is read where grants were written as objects', () => {
    const account: Account = { ...EMPTY_ACCOUNT, grants: [grant('a')] };
    deepEqual(decodeAccount(JSON.stringify(account)), account);
  });

  it('comes back whatever its texts say, wherever its grants stand', () => {
    const message = 'says ,"grants": and "events": itself';
    const account: Account = {
      ...EMPTY_ACCOUNT,
      grants: [grant('a')],
      revoked: [{ jti: ',"grants":', expiresAtMs: 5 }],
      eventCount: 1,
      events: [{ number: 1, message, wallMs: 5 }],
    };
    const { grants, ...rest } = account;
    for (const json of [encodeAccount(account), JSON.stringify({ grants, ...rest }), JSON.stringify(account)]) {
      deepEqual(decodeAccount(json), account);
    }
  });

  it('is refused as a whole where its grants cannot be read', () => {
    const text = encodeAccount({ ...EMPTY_ACCOUNT, grants: [grant('a')] });
    for (const broken of [text.replace('[["a"', '[["a'), text.replace('[["a"', '[null,["a"')]) {
      throws(() => decodeAccount(broken), broken);
    }
  });
});
