import { AccessLog } from '../proto/gen/envoy/config/accesslog/v3/accesslog.ts';
import { packStruct } from './pack.ts';
import { EXTENSION_TYPES } from './type-urls.ts';

/** Under this name ext_authz keeps what the sidecar's answer says besides the verdict. */
const CHECK_METADATA = 'envoy.filters.http.ext_authz';
/** The sidecar sets it where the call has a line left of what C_obs allows: the workload. */
const LOGGED_WORKLOAD = 'log';

/**
 * Access log on standard output, one JSON line for each call that the sidecar
 * picked. The query of the path is left out: it may hold secrets.
 */
export function buildAccessLog(): AccessLog {
  return AccessLog.fromPartial({
    name: 'capmesh.access_log',
    filter: {
      filterSpecifier: {
        $case: 'metadataFilter',
        value: {
          matcher: {
            filter: CHECK_METADATA,
            path: [{ segment: { $case: 'key', value: LOGGED_WORKLOAD } }],
            value: { matchPattern: { $case: 'presentMatch', value: true } },
          },
          matchIfKeyNotFound: false,
        },
      },
    },
    configType: {
      $case: 'typedConfig',
      value: packStruct(EXTENSION_TYPES.stdoutAccessLog, { log_format: { json_format: LINE } }),
    },
  });
}

const LINE = {
  time: '%START_TIME%',
  workload: `%DYNAMIC_METADATA(${CHECK_METADATA}:${LOGGED_WORKLOAD})%`,
  service: '%REQ(:AUTHORITY)%',
  method: '%REQ(:METHOD)%',
  path: '%PATH(NQ)%',
  status: '%RESPONSE_CODE%',
  denied: '%RESP(X-CAPACITY-DENIED)%',
  details: '%RESPONSE_CODE_DETAILS%',
  flags: '%RESPONSE_FLAGS%',
  durationMs: '%DURATION%',
  bytesReceived: '%BYTES_RECEIVED%',
  bytesSent: '%BYTES_SENT%',
  upstream: '%UPSTREAM_HOST%',
  id: '%REQ(X-REQUEST-ID)%',
};
