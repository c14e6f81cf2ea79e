import { type ConsensusBounds, consensusBounds } from '../capacity/consensus.ts';
import { leaseMs } from '../capacity/gauge.ts';
import { checkFraction, type WorkloadSpec } from './workload-spec.ts';

/** How much agreement a workload gets (CONTRACT §D): votes among replicas, and how often it has to be had anew. */
export interface SymmetryAssignment extends ConsensusBounds {
  /** Time after which nodes have to agree with the control plane anew, at the latest. */
  readonly leaseMs: number;
}

/** C_gauge: consensus. A higher level asks for more replicas and for more rounds of agreement. */
export class SymmetryAllocator {
  /** @param cGauge `null` counts 0 */
  allocate(cGauge: number | null, { pool }: WorkloadSpec): SymmetryAssignment {
    checkFraction('cGauge', cGauge);
    return { ...consensusBounds(cGauge, pool.replicas, pool.capacity.rps), leaseMs: leaseMs(cGauge) };
  }
}
