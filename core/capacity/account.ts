import { AXES, type Axis, type CapacityVector } from './capacity-vector.ts';
import { isAdding } from './live-capacity.ts';

/** Whether one more grant fits into an account, and what would. */
export interface AccountCheck {
  readonly admitted: boolean;
  /** Axes on which Σ live grants + asked exceeds 1. */
  readonly bindingAxes: readonly Axis[];
  /** The largest vector up to `asked` that fits. */
  readonly available: CapacityVector;
}

const DUST = 1e-9;

/**
 * Σ of an account's live grants ≤ 1 on every adding axis, each by itself; a null
 * is charged as 0 and levels are not charged (CONTRACT §C).
 */
export function checkAccount(live: readonly CapacityVector[], asked: CapacityVector): AccountCheck {
  const left = (axis: Axis): number => 1 - live.reduce((sum, grant) => sum + (grant[axis] ?? 0), 0);
  const bindingAxes = AXES.filter((axis) => isAdding(axis) && (asked[axis] ?? 0) > left(axis) + DUST);
  const offer = (axis: Axis): number | null =>
    bindingAxes.includes(axis) ? dropDust(Math.max(0, left(axis))) : asked[axis];
  return {
    admitted: bindingAxes.length === 0,
    bindingAxes,
    available: { geo: offer('geo'), int: offer('int'), gauge: offer('gauge'), ptr: offer('ptr'), obs: offer('obs') },
  };
}

const dropDust = (value: number): number => (value < DUST ? 0 : value);
