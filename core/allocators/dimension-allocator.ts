import { activeGeoLevels, endpointsPerLevel, GEO_LEVELS, geoWeights } from '../capacity/geo-levels.ts';
import { checkFraction, type WorkloadSpec } from './workload-spec.ts';

/** D_max: dimensions of the topology. */
export const D_MAX = GEO_LEVELS.length;

/**
 * Which levels of the topology a workload may use. A flag is set once C_geo gives
 * all of its level: at 0.2, 0.4, 0.6, 0.8 and 1.0 (CONTRACT §D).
 */
export interface TopologyAssignment {
  /** d_nom = C_geo · D_max. */
  readonly nominalDims: number;
  /** ⌈d_nom⌉: levels that may be used at least in part. */
  readonly activeDims: number;
  /** Level `instance`. */
  readonly threadsPerCore: boolean;
  /** Level `node`. */
  readonly coresPerNuma: boolean;
  /** Level `sub-zone`. */
  readonly numaPerNode: boolean;
  /** Level `zone`. */
  readonly nodesPerRack: boolean;
  /** Level `region`. */
  readonly racksActive: boolean;
  /** ⌈w_d·n_d⌉ endpoints that calls may spill to, nearest level first. */
  readonly endpointsPerLevel: readonly number[];
}

/** C_geo: how many dimensions of the topology are active. */
export class DimensionAllocator {
  /** @param cGeo `null` = all of every level */
  allocate(cGeo: number | null, { pool }: WorkloadSpec): TopologyAssignment {
    checkFraction('cGeo', cGeo);
    const [threads, cores, numa, nodes, racks] = geoWeights(cGeo);
    return {
      nominalDims: (cGeo ?? 1) * D_MAX,
      activeDims: activeGeoLevels(cGeo),
      threadsPerCore: threads === 1,
      coresPerNuma: cores === 1,
      numaPerNode: numa === 1,
      nodesPerRack: nodes === 1,
      racksActive: racks === 1,
      endpointsPerLevel: endpointsPerLevel(cGeo, pool.endpointsPerLevel),
    };
  }
}
