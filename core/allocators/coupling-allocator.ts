import { couplingShares } from '../capacity/axis-shares.ts';
import { edgeBurst } from '../capacity/burst.ts';
import { errorThreshold } from '../capacity/error-threshold.ts';
import { retryBudgetPercent } from '../capacity/retry-budget.ts';
import { askersOf, checkFraction, type WorkloadSpec } from './workload-spec.ts';

/** How much a workload may call; `null` = no limit (CONTRACT §D). */
export interface CouplingAssignment {
  /** wf(K, C_int·K, w), calls per second. */
  readonly guaranteeRps: number | null;
  /** σ, calls; 0 where C_int is 0. */
  readonly burst: number | null;
  /** Of the active calls, percent; never more than 20. */
  readonly retryBudgetPercent: number;
  /** Share of an endpoint's calls that may fail before it is left out, 0.1 … 1. */
  readonly errorThreshold: number;
  /** CPU-ms per second that load estimates may add up to. */
  readonly cpuMsPerSec: number | null;
}

/** C_int: message rates and bandwidth between workload and service, settled with all others who ask. */
export class CouplingAllocator {
  /** @param cInt `null` = no limit */
  allocate(cInt: number | null, workload: WorkloadSpec): CouplingAssignment {
    checkFraction('cInt', cInt);
    const askers = askersOf('int', cInt, workload);
    const { rps, cpuMsPerSec } = workload.pool.capacity;
    const guaranteeRps = couplingShares(rps, askers)[0] ?? null;
    return {
      guaranteeRps,
      burst: guaranteeRps === null || cInt === 0 ? guaranteeRps : edgeBurst(guaranteeRps),
      retryBudgetPercent: retryBudgetPercent(cInt),
      errorThreshold: errorThreshold(cInt),
      cpuMsPerSec: couplingShares(cpuMsPerSec, askers)[0] ?? null,
    };
  }
}
