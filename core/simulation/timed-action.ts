import type { StabilityActionRecord } from '../stability/stability-action.ts';

/** What the kernel told of an action, and when. */
export interface TimedAction extends StabilityActionRecord {
  /** Simulated seconds since the start. */
  readonly atSec: number;
}
