import { grantQuorum, leaseMs } from '../capacity/gauge.ts';
import { checkFraction, type WorkloadSpec } from './workload-spec.ts';

/** How much agreement a workload gets (CONTRACT §D). */
export interface SymmetryAssignment {
  /** Replicas that have to agree: max(⌊n/2⌋+1, ⌈C·n⌉), never a minority. */
  readonly quorum: number;
  /** Time after which nodes have to agree with the control plane anew, at the latest. */
  readonly leaseMs: number;
}

/** C_gauge: consensus. A higher level asks for more replicas and for more rounds of agreement. */
export class SymmetryAllocator {
  /** @param cGauge `null` counts 0 */
  allocate(cGauge: number | null, { pool }: WorkloadSpec): SymmetryAssignment {
    checkFraction('cGauge', cGauge);
    return { quorum: grantQuorum(cGauge, pool.replicas), leaseMs: leaseMs(cGauge) };
  }
}
