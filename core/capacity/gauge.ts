import { ceilShare } from './rounding.ts';

const LEASE_MAX_MS = 60_000;

/** Lease = 60 s · (1 − 0.8·C_gauge), whole milliseconds; null counts 0 (CONTRACT §C, §D). */
export const leaseMs = (gauge: number | null): number => Math.round(LEASE_MAX_MS * (1 - 0.8 * (gauge ?? 0)));

/**
 * Control-plane replicas that must have applied a ledger revision before its
 * grant is answered: max(⌊n/2⌋+1, ⌈C·n⌉), never a minority (CONTRACT §D).
 */
export const grantQuorum = (gauge: number | null, replicas: number): number =>
  Math.max(Math.floor(replicas / 2) + 1, ceilShare((gauge ?? 0) * replicas));
