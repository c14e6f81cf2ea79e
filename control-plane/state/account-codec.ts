import type { Grant } from '../../core/admission/grant.ts';
import { type Account, EMPTY_ACCOUNT } from './account.ts';

/** A grant as it is stored, short and quick to read: an account may hold a thousand. The axes come in the order of `AXES`. */
type StoredGrant = readonly [
  jti: string,
  issuedAtMs: number,
  expiresAtMs: number,
  geo: number | null,
  int: number | null,
  gauge: number | null,
  ptr: number | null,
  obs: number | null,
];

type StoredAccount = Omit<Account, 'grants'> & { readonly grants: readonly (StoredGrant | Grant)[] };

export function encodeAccount(account: Account): string {
  const grants = account.grants.map(({ jti, issuedAtMs, expiresAtMs, vector }): StoredGrant => {
    const { geo, int, gauge, ptr, obs } = vector;
    return [jti, issuedAtMs, expiresAtMs, geo, int, gauge, ptr, obs];
  });
  return JSON.stringify({ ...account, grants });
}

/** Reads grants that were written as objects too. */
export function decodeAccount(json: string): Account {
  const account = JSON.parse(json) as StoredAccount;
  return { ...EMPTY_ACCOUNT, ...account, grants: account.grants.map(decodeGrant) };
}

function decodeGrant(stored: StoredGrant | Grant): Grant {
  if ('jti' in stored) return stored;
  const [jti, issuedAtMs, expiresAtMs, geo, int, gauge, ptr, obs] = stored;
  return { jti, vector: { geo, int, gauge, ptr, obs }, issuedAtMs, expiresAtMs };
}
