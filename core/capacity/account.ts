import type { Axis, CapacityVector } from './capacity-vector.ts';
import { ADDING_AXES, type AddingAxis, isAdding, mapAxes } from './live-capacity.ts';

/** Whether one more grant fits into an account, and what would. */
export interface AccountCheck {
  readonly admitted: boolean;
  /** Axes on which Σ live grants + asked exceeds 1. */
  readonly bindingAxes: readonly Axis[];
  /** The largest vector up to `asked` that fits. */
  readonly available: CapacityVector;
}

const DUST = 1e-9;

/** What is left of an account on every adding axis; negative where too much is granted. */
export type AccountRoom = Readonly<Record<AddingAxis, number>>;

/** 1 − Σ live grants; a null is charged as 0 (CONTRACT §C). */
export function accountRoom(live: readonly CapacityVector[]): AccountRoom {
  let [int, ptr, obs] = [0, 0, 0];
  for (const grant of live) {
    int += grant.int ?? 0;
    ptr += grant.ptr ?? 0;
    obs += grant.obs ?? 0;
  }
  return { int: 1 - int, ptr: 1 - ptr, obs: 1 - obs };
}

/**
 * Σ of an account's live grants ≤ 1 on every adding axis, each by itself; a null
 * is charged as 0 and levels are not charged (CONTRACT §C).
 */
export const checkAccount = (live: readonly CapacityVector[], asked: CapacityVector): AccountCheck =>
  checkRoom(accountRoom(live), asked);

/** `checkAccount` where it is known what is left. */
export function checkRoom(room: AccountRoom, asked: CapacityVector): AccountCheck {
  const bindingAxes = ADDING_AXES.filter((axis) => (asked[axis] ?? 0) > room[axis] + DUST);
  const available = mapAxes((axis) =>
    isAdding(axis) && bindingAxes.includes(axis) ? dropDust(Math.max(0, room[axis])) : asked[axis],
  );
  return { admitted: bindingAxes.length === 0, bindingAxes, available };
}

const dropDust = (value: number): number => (value < DUST ? 0 : value);
