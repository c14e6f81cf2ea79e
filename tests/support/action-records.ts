import type { StabilityActionRecord } from '../../core/stability/stability-action.ts';

/** A concurrency limit on payment that has just begun: what records, views and messages of it share. */
export const LIMIT = {
  gate: 'fit',
  horizon: 'immediate',
  kind: 'limit-concurrency',
  target: 'payment',
  size: 12,
  ratio: 2.31,
  threshold: 1,
  windowMs: 10_000,
  phase: 'started',
} as const;

/** The record of an action, that limit if nothing is said. */
export const actionRecord = (more: Partial<StabilityActionRecord> = {}): StabilityActionRecord => ({
  ...LIMIT,
  id: 'a1-1-1',
  startedAtMs: 1_800_000_000_000,
  expiresAtMs: 1_800_000_030_000,
  endCause: '',
  shadow: false,
  ...more,
});
