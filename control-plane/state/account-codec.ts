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

type StoredGrants = readonly (StoredGrant | Grant)[];
type StoredAccount = Omit<Account, 'grants'> & { readonly grants: StoredGrants };

/** Begins the grants, which come last. No text inside of JSON has quotes like these. */
const GRANTS_KEY = ',"grants":';

export function encodeAccount({ grants, ...rest }: Account): string {
  const stored = grants.map(({ jti, issuedAtMs, expiresAtMs, vector }): StoredGrant => {
    const { geo, int, gauge, ptr, obs } = vector;
    return [jti, issuedAtMs, expiresAtMs, geo, int, gauge, ptr, obs];
  });
  return `${JSON.stringify(rest).slice(0, -1)}${GRANTS_KEY}${JSON.stringify(stored)}}`;
}

/**
 * Reads the grants when they are looked at first: most replicas see most revisions
 * of an account without ever doing that. Reads what has them in another place or
 * writes them as objects too.
 */
export function decodeAccount(json: string): Account {
  const at = json.indexOf(GRANTS_KEY);
  const isLast = at >= 0 && json.lastIndexOf('"events":', at) >= 0;
  if (!isLast) {
    const { grants, ...rest } = JSON.parse(json) as StoredAccount;
    return withGrants(rest, () => grants);
  }
  const rest = JSON.parse(`${json.slice(0, at)}}`) as Omit<StoredAccount, 'grants'>;
  return withGrants(rest, () => JSON.parse(json.slice(at + GRANTS_KEY.length, -1)) as StoredGrants);
}

function withGrants(rest: Omit<StoredAccount, 'grants'>, read: () => StoredGrants): Account {
  let grants: readonly Grant[] | undefined;
  return {
    ...EMPTY_ACCOUNT,
    ...rest,
    get grants() {
      grants ??= read().map(decodeGrant);
      return grants;
    },
  };
}

function decodeGrant(stored: StoredGrant | Grant): Grant {
  if ('jti' in stored) return stored;
  const [jti, issuedAtMs, expiresAtMs, geo, int, gauge, ptr, obs] = stored;
  return { jti, vector: { geo, int, gauge, ptr, obs }, issuedAtMs, expiresAtMs };
}
