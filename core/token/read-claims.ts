import { AXES, type Axis, type CapacityVector, UNLIMITED } from '../capacity/capacity-vector.ts';
import { type TokenClaims, type TokenOutcome, tokenRefused } from './token-claims.ts';

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const ID = /^[\x21-\x7e]{1,64}$/;
const PRIO_MAX = 9;

type Payload = Readonly<Record<string, unknown>>;

/**
 * The claims of CONTRACT §E out of a payload whose signature is verified. Claims
 * and axes that we do not know are passed over; a missing or ill-typed one makes
 * the token `token-malformed`.
 */
export function readClaims(payload: Payload): TokenOutcome<TokenClaims> {
  const iss = text(payload.iss);
  const aud = text(payload.aud);
  const sub = matching(payload.sub, NAME);
  const jti = matching(payload.jti, ID);
  const tenant = matching(payload.tenant, NAME);
  const iat = seconds(payload.iat);
  const nbf = seconds(payload.nbf);
  const exp = seconds(payload.exp);
  const prio = count(payload.prio, PRIO_MAX);
  const gen = count(payload.gen, Number.MAX_SAFE_INTEGER);
  const cap = readVector(payload.cap);
  if (iss === null || aud === null || sub === null || jti === null || tenant === null) return malformed();
  if (iat === null || nbf === null || exp === null) return malformed();
  if (prio === null || gen === null || cap === null) return malformed();
  return { ok: true, value: { iss, aud, sub, jti, iat, nbf, exp, tenant, prio, gen, cap } };
}

const malformed = (): TokenOutcome<never> =>
  tokenRefused('token-malformed', 'a claim of the token is missing or of the wrong type');

/** A vector with absent axes as `null`, or `null` where one is not a fraction. */
function readVector(value: unknown): CapacityVector | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const vector: Record<Axis, number | null> = { ...UNLIMITED };
  for (const axis of AXES) {
    if (!Object.hasOwn(value, axis)) continue;
    const share: unknown = (value as Payload)[axis];
    if (share === null) continue;
    if (typeof share !== 'number' || !(share >= 0 && share <= 1)) return null;
    vector[axis] = share;
  }
  return vector;
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const matching = (value: unknown, pattern: RegExp): string | null =>
  typeof value === 'string' && pattern.test(value) ? value : null;

const seconds = (value: unknown): number | null =>
  typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : null;

const count = (value: unknown, max: number): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max ? value : null;
