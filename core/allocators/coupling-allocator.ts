import { edgeBurst } from '../capacity/burst.ts';
import { cpuShares } from '../capacity/load-shares.ts';
import { guaranteedShares } from '../capacity/rate-limits.ts';
import { retryBudgetPercent } from '../capacity/retry-budget.ts';
import { checkFraction, type WorkloadSpec } from './workload-spec.ts';

/** How much a workload may call; `null` = no limit (CONTRACT §D). */
export interface CouplingAssignment {
  /** wf(K, C_int·K, w), calls per second. */
  readonly guaranteeRps: number | null;
  /** σ, calls. */
  readonly burst: number | null;
  /** Of the active calls, percent; never more than 20. */
  readonly retryBudgetPercent: number;
  /** CPU-ms per second that load estimates may add up to. */
  readonly cpuMsPerSec: number | null;
}

/** C_int: message rates and bandwidth between workload and service, settled with all others who ask. */
export class CouplingAllocator {
  /** @param cInt `null` = no limit */
  allocate(cInt: number | null, { weight, pool }: WorkloadSpec): CouplingAssignment {
    checkFraction('cInt', cInt);
    const askers = [
      { fraction: cInt, weight },
      ...pool.others.map((other) => ({ fraction: other.vector.int, weight: other.weight })),
    ];
    const { rps, cpuMsPerSec } = pool.capacity;
    const guaranteeRps = rps === null || cInt === null ? null : guaranteeOf(rps, askers);
    return {
      guaranteeRps,
      burst: guaranteeRps === null ? null : edgeBurst(guaranteeRps),
      retryBudgetPercent: retryBudgetPercent(cInt),
      cpuMsPerSec: cpuShares(cpuMsPerSec, askers)[0] ?? null,
    };
  }
}

function guaranteeOf(
  capacityRps: number,
  askers: readonly { readonly fraction: number | null; readonly weight: number }[],
): number {
  const shares = guaranteedShares(
    capacityRps,
    askers.map(({ fraction }) => fraction ?? 1),
    askers.map(({ weight }) => weight),
  );
  return shares[0] ?? 0;
}
