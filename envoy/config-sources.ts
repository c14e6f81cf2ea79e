import { ApiVersion, type ConfigSource } from '../proto/gen/envoy/config/core/v3/config_source.ts';
import { durationMs } from './duration.ts';

/** How long Envoy waits at start for the first answer of each resource type before it goes on without. */
export const INITIAL_FETCH_TIMEOUT_MS = 5_000;
/** Shorter for endpoints: a changed cluster warms until its endpoints come again, at most this long. */
export const ENDPOINTS_FETCH_TIMEOUT_MS = 2_000;

/** Resources that come over the aggregated stream. */
export function adsSource(initialFetchTimeoutMs: number): ConfigSource {
  return {
    authorities: [],
    configSourceSpecifier: { $case: 'ads', value: {} },
    initialFetchTimeout: durationMs(initialFetchTimeoutMs),
    resourceApiVersion: ApiVersion.V3,
  };
}
