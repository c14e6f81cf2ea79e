import { deepEqual, equal } from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { type Account, EMPTY_ACCOUNT } from '../../../../control-plane/state/account.ts';
import { encodeAccount } from '../../../../control-plane/state/account-codec.ts';
import { KnownAccounts } from '../../../../control-plane/state/known-accounts.ts';

const account = (generation: number): Account => ({ ...EMPTY_ACCOUNT, generation });
const json = (generation: number): string => encodeAccount(account(generation));

describe('known accounts', () => {
  let errors: unknown[];
  let known: KnownAccounts;

  beforeEach(() => {
    errors = [];
    known = new KnownAccounts({ error: (what: unknown) => errors.push(what) });
  });

  it('are as the store told them last', () => {
    known.setUnread('checkout', json(2), 5);
    known.setUnread('checkout', json(3), 7);
    deepEqual(known.workloads(), ['checkout']);
    equal(known.revisionOf('checkout'), 7);
    equal(known.get('checkout')?.account.generation, 3);
    equal(known.get('checkout')?.revision, 7);
    equal(known.get('batch'), undefined);
  });

  it('take nothing that is older than what was seen, looked into or not', () => {
    known.setUnread('checkout', json(2), 5);
    equal(known.set('checkout', { account: account(1), revision: 5 }), false);
    equal(known.setUnread('checkout', json(1), 4), false);
    equal(known.set('checkout', { account: account(3), revision: 6 }), true);
    equal(known.setUnread('checkout', json(1), 6), false);
    deepEqual(known.get('checkout'), { account: account(3), revision: 6 });
  });

  it('stay as they were where what is stored is no account', () => {
    known.set('checkout', { account: account(2), revision: 5 });
    equal(known.setUnread('checkout', '{', 6), true);
    deepEqual(known.get('checkout'), { account: account(2), revision: 5 });
    equal(known.revisionOf('checkout'), 5);
    equal(errors.length, 1);
    known.setUnread('batch', 'null', 7);
    deepEqual(known.get('batch'), { account: EMPTY_ACCOUNT, revision: 0 });
    equal(errors.length, 2);
  });
});
