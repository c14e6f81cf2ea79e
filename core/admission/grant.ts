import type { CapacityVector } from '../capacity/capacity-vector.ts';

/** A vector admitted into an account for a duration. */
export interface Grant {
  readonly jti: string;
  readonly vector: CapacityVector;
  /** UTC milliseconds. */
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** Live grants that an account holds at most. */
export const GRANTS_MAX = 1000;
/** How long a grant holds at least (CONTRACT §E). */
export const DURATION_MIN_MS = 1000;
/** How long a grant may hold (CONTRACT §E). */
export const DURATION_MAX_MS = 3_600_000;
/** How long a grant holds where nothing is said (CONTRACT §E). */
export const DURATION_DEFAULT_MS = DURATION_MAX_MS;

/** Grants that have not expired. */
export const liveGrants = (grants: readonly Grant[], wallMs: number): Grant[] =>
  grants.filter((grant) => grant.expiresAtMs > wallMs);
