import { AccessLog } from '../proto/gen/envoy/config/accesslog/v3/accesslog.ts';
import { durationText } from './duration.ts';
import { packStruct } from './pack.ts';
import { STATIC_CLUSTERS } from './static-clusters.ts';
import { EXTENSION_TYPES } from './type-urls.ts';

/** Under this name ext_authz keeps what the sidecar's answer says besides the verdict. */
const CHECK_METADATA = 'envoy.filters.http.ext_authz';
/** The sidecar sets it where the call has a line left of what C_obs allows: the workload. */
const LOGGED_WORKLOAD = 'log';

/** The sidecar sets it where the call has reserved load: by this the sidecar knows the reservation again. */
const LOAD_TICKET = 'load';
/** What an answer says that the call needed. */
const COST_HEADERS = ['x-capacity-cost-cpu', 'x-capacity-cost-memory-mb'];
/** How long the end of a call may wait for others before the sidecar hears of it. */
const ENDS_FLUSH_MS = 50;

/** A line for readers of the calls that the sidecar picked, and the ends of calls that have reserved load for the sidecar. */
export const buildAccessLogs = (): AccessLog[] => [buildLineLog(), buildEndsLog()];

/**
 * Access log on standard output, one JSON line for each call that the sidecar
 * picked. The query of the path is left out: it may hold secrets.
 */
const buildLineLog = (): AccessLog =>
  logOf('capmesh.access_log', LOGGED_WORKLOAD, EXTENSION_TYPES.stdoutAccessLog, {
    log_format: { json_format: LINE },
  });

/** Told to the sidecar over gRPC; while it is away the ends are lost, and reservations are freed at their time-out. */
const buildEndsLog = (): AccessLog =>
  logOf('capmesh.load_log', LOAD_TICKET, EXTENSION_TYPES.grpcAccessLog, {
    common_config: {
      log_name: 'capmesh.load',
      grpc_service: { envoy_grpc: { cluster_name: STATIC_CLUSTERS.sinks } },
      transport_api_version: 'V3',
      buffer_flush_interval: durationText(ENDS_FLUSH_MS),
    },
    additional_response_headers_to_log: COST_HEADERS,
  });

/** Writes the calls whose answer from the sidecar holds `key`. */
function logOf(name: string, key: string, typeUrl: string, config: Record<string, unknown>): AccessLog {
  return AccessLog.fromPartial({
    name,
    filter: {
      filterSpecifier: {
        $case: 'metadataFilter',
        value: {
          matcher: {
            filter: CHECK_METADATA,
            path: [{ segment: { $case: 'key', value: key } }],
            value: { matchPattern: { $case: 'presentMatch', value: true } },
          },
          matchIfKeyNotFound: false,
        },
      },
    },
    configType: { $case: 'typedConfig', value: packStruct(typeUrl, config) },
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
