import { liveGrants } from '../../core/admission/grant.ts';
import type { CapacityVector } from '../../core/capacity/capacity-vector.ts';
import { sumLiveGrants } from '../../core/capacity/live-capacity.ts';
import type { Account } from './account.ts';

/** Σ of live grants of every account that has any (CONTRACT §C), for the kernel. */
export function sumGrants(
  accounts: Iterable<readonly [workload: string, account: Account]>,
  wallMs: number,
): Map<string, CapacityVector> {
  const sums = new Map<string, CapacityVector>();
  for (const [workload, account] of accounts) {
    const live = liveGrants(account.grants, wallMs);
    if (live.length > 0) sums.set(workload, sumLiveGrants(live.map(({ vector }) => vector)));
  }
  return sums;
}
