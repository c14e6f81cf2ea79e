import { pointerShares, type ShareAsker } from '../capacity/axis-shares.ts';
import { nodeBreaker } from '../capacity/breaker.ts';
import { concurrencyShares } from '../capacity/concurrency.ts';
import type { BreakerPlan } from './capacity-plan.ts';
import { askersOf, checkFraction, type WorkloadSpec } from './workload-spec.ts';

/**
 * What a workload may hold at a service at once; `null` = this axis sets no limit,
 * and the plan bounds calls in flight by their rate (CONTRACT §D).
 */
export interface PointerAssignment {
  /** N_e = max(1, ⌊wf(N, C_ptr·N, w)⌋), calls in flight; 0 where C_ptr is 0. */
  readonly concurrency: number | null;
  /** The same in one node: requests, connections, pending requests. */
  readonly breaker: BreakerPlan | null;
  /** MiB that the calls in flight may hold by their estimates. */
  readonly memoryMiB: number | null;
}

/** C_ptr: calls, connections and memory that are held at once. */
export class PointerAllocator {
  /** @param cPtr `null` = no limit */
  allocate(cPtr: number | null, workload: WorkloadSpec): PointerAssignment {
    checkFraction('cPtr', cPtr);
    const askers = askersOf('ptr', cPtr, workload);
    const { pool } = workload;
    const concurrency = concurrencyOf(cPtr, pool.capacity.concurrency, askers);
    return {
      concurrency,
      breaker: concurrency === null ? null : nodeBreaker(concurrency, 1, pool.nodes),
      memoryMiB: pointerShares(pool.capacity.memoryMiB, askers)[0] ?? null,
    };
  }
}

function concurrencyOf(cPtr: number | null, total: number | null, askers: readonly ShareAsker[]): number | null {
  if (cPtr === 0) return 0;
  if (cPtr === null || total === null) return null;
  const pointed = askers.flatMap(({ fraction, weight }) => (fraction === null ? [] : [{ fraction, weight }]));
  const shares = concurrencyShares(
    total,
    pointed.map(({ fraction }) => fraction),
    pointed.map(({ weight }) => weight),
  );
  return shares[0] ?? null;
}
