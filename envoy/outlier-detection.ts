import type { DeepPartial, OutlierDetection } from '../proto/gen/envoy/config/cluster/v3/outlier_detection.ts';
import { durationMs } from './duration.ts';

/** Share of a cluster's endpoints that may be ejected: the others bear their calls. */
const EJECTED_PERCENT_MAX = 50;
/** Where endpoints have levels, those of a farther one bear them: all may be ejected but the last. */
const EJECTED_PERCENT_MAX_WITH_LEVELS = 99;
/** With fewer endpoints nobody can tell which of them is the odd one. */
const JUDGED_ENDPOINTS_MIN = 3;
/** Calls of an endpoint in one interval without which its errors say nothing: one in ten of 50 is no chance. */
const JUDGED_CALLS_MIN = 50;
const INTERVAL_MS = 1_000;
const JUDGED_INTERVAL_MS = 5_000;

export interface OutlierOptions {
  /** Endpoints are at several levels. */
  readonly hasLevels: boolean;
  /** Share of an endpoint's calls that may fail; `null` = errors are no reason to eject. */
  readonly errorThreshold: number | null;
}

/**
 * Ejects an endpoint that cannot be connected to or resets connections. An answer
 * 5xx is a reason only where the service says so, since overload must not empty
 * the cluster; never the last endpoint.
 */
export function buildOutlierDetection({ hasLevels, errorThreshold }: OutlierOptions): DeepPartial<OutlierDetection> {
  return {
    splitExternalLocalOriginErrors: true,
    consecutiveLocalOriginFailure: 5,
    enforcingConsecutiveLocalOriginFailure: 100,
    enforcingConsecutive5xx: 0,
    enforcingConsecutiveGatewayFailure: 0,
    enforcingSuccessRate: 0,
    enforcingLocalOriginSuccessRate: 0,
    interval: durationMs(errorThreshold === null ? INTERVAL_MS : JUDGED_INTERVAL_MS),
    baseEjectionTime: durationMs(2_000),
    maxEjectionTime: durationMs(30_000),
    maxEjectionPercent: hasLevels ? EJECTED_PERCENT_MAX_WITH_LEVELS : EJECTED_PERCENT_MAX,
    ...(errorThreshold !== null && {
      enforcingFailurePercentage: 100,
      failurePercentageThreshold: Math.round(100 * errorThreshold),
      failurePercentageMinimumHosts: JUDGED_ENDPOINTS_MIN,
      failurePercentageRequestVolume: JUDGED_CALLS_MIN,
    }),
  };
}
