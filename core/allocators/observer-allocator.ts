import { type ObservationLimits, observationLimits } from '../capacity/observation.ts';
import { checkFraction, type WorkloadSpec } from './workload-spec.ts';

/** C_obs: how much of a workload is traced, logged and kept as series; never the counters that gates need. */
export class ObserverAllocator {
  /** @param cObs `null` counts 0.1 */
  allocate(cObs: number | null, _workload: WorkloadSpec): ObservationLimits {
    checkFraction('cObs', cObs);
    return observationLimits(cObs);
  }
}
