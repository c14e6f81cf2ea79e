import type { CapacityVector } from '../capacity/capacity-vector.ts';

/** The one signature algorithm of capacity tokens: Ed25519 (CONTRACT §E, fixed). */
export const TOKEN_ALG = 'EdDSA';
/** `typ` in the header of every capacity token (CONTRACT §E, fixed). */
export const TOKEN_TYP = 'capmesh+jwt';
/** `iss` of every capacity token. */
export const TOKEN_ISSUER = 'capmesh';
/** Difference between two wall clocks that a claim check forgives. */
export const TOKEN_LEEWAY_MS = 2000;
/** Longest compact token that is looked at, in characters. */
export const TOKEN_LENGTH_MAX = 4096;

export interface TokenHeader {
  readonly alg: typeof TOKEN_ALG;
  readonly typ: typeof TOKEN_TYP;
  /** Which public key signed it. */
  readonly kid: string;
}

/** What a capacity token says (CONTRACT §E, fixed). Times are whole or fractional seconds since 1970, UTC. */
export interface TokenClaims {
  readonly iss: string;
  /** The mesh. */
  readonly aud: string;
  /** The workload. */
  readonly sub: string;
  readonly jti: string;
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly tenant: string;
  /** 0 (first to be shed) … 9. */
  readonly prio: number;
  /** The account's generation; a lower one than the account's current is revoked. */
  readonly gen: number;
  /** The grant: fractions of the workload's budget. */
  readonly cap: CapacityVector;
}

/** The closed list of what can be wrong with a token (CONTRACT §F). */
export const TOKEN_REASONS = [
  'token-missing',
  'token-malformed',
  'token-signature',
  'token-expired',
  'token-not-yet-valid',
  'token-audience',
  'token-revoked',
] as const;

/** Why a token is refused; every one of them is HTTP 401. */
export type TokenReason = (typeof TOKEN_REASONS)[number];

/** A value read from a token, or the reason why there is none. */
export type TokenOutcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: TokenReason; readonly message: string };

/** There is no value: the token is refused. The message is for people, the reason for programs. */
export const tokenRefused = (reason: TokenReason, message: string): TokenOutcome<never> => ({
  ok: false,
  reason,
  message,
});
