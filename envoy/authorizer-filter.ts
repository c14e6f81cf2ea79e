import { ApiVersion } from '../proto/gen/envoy/config/core/v3/config_source.ts';
import { ExtAuthz } from '../proto/gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz.ts';
import { StatusCode } from '../proto/gen/envoy/type/v3/http_status.ts';
import type { Any } from '../proto/gen/google/protobuf/any.ts';
import { durationMs } from './duration.ts';
import { pack } from './pack.ts';
import { STATIC_CLUSTERS } from './static-clusters.ts';
import { EXTENSION_TYPES } from './type-urls.ts';

/** Longest wait for the sidecar's verdict; after five such waits its outlier block answers at once. */
const CHECK_TIMEOUT_MS = 250;

/**
 * ext_authz: asks the sidecar about every call and routes it again by what the
 * sidecar said. An unreachable sidecar lets the call go on, on the route that was
 * chosen without a workload: that route, not this filter, holds the service's
 * `authorizerDown` policy, since failure_mode_allow exists once per filter.
 */
export function buildAuthorizerFilter(): Any {
  return pack(
    EXTENSION_TYPES.extAuthz,
    ExtAuthz,
    ExtAuthz.fromPartial({
      services: {
        $case: 'grpcService',
        value: {
          targetSpecifier: { $case: 'envoyGrpc', value: { clusterName: STATIC_CLUSTERS.sidecar } },
          timeout: durationMs(CHECK_TIMEOUT_MS),
        },
      },
      transportApiVersion: ApiVersion.V3,
      clearRouteCache: true,
      failureModeAllow: true,
      failureModeAllowHeaderAdd: true,
      statusOnError: { code: StatusCode.NetworkAuthenticationRequired },
      // A denial is no answer of the service: keep it out of the cluster's statistics.
      chargeClusterResponseStats: false,
      allowedHeaders: {
        patterns: [
          { matchPattern: { $case: 'prefix', value: 'x-capacity-' } },
          { matchPattern: { $case: 'exact', value: 'content-type' } },
          { matchPattern: { $case: 'exact', value: 'x-request-id' } },
        ],
      },
    }),
  );
}
