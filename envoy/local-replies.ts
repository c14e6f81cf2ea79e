import type { DeepPartial } from '../proto/gen/envoy/config/accesslog/v3/accesslog.ts';
import { AccessLogFilter, ComparisonFilter_Op } from '../proto/gen/envoy/config/accesslog/v3/accesslog.ts';
import {
  LocalReplyConfig,
  type ResponseMapper,
} from '../proto/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.ts';
import { StatusCode } from '../proto/gen/envoy/type/v3/http_status.ts';
import { HEADERS } from './http-filters.ts';
import { setHeader } from './set-header.ts';

/**
 * Status that Envoy gives to calls it cannot judge (authorizer unreachable on a
 * closed service, or no route for the edge yet). No denial of the sidecar uses
 * it, so that the first mapper can tell the two apart and turn it into 503.
 */
export const UNJUDGED_STATUS = StatusCode.NetworkAuthenticationRequired;

/**
 * Status that Envoy gives to calls which could not be checked and for which the
 * safe bucket has no room. Private like {@link UNJUDGED_STATUS}: it becomes 503
 * `mesh-degraded`, since a caller within its budget is not told that it is spent.
 */
export const DEGRADED_STATUS = StatusCode.NotExtended;

const RETRY_AFTER_MS = 1_000;

/**
 * Gives refusals by Envoy itself the reason, headers and body that the sidecar's
 * refusals have (DESIGN §6). The first match wins: the sidecar's own denials
 * (flag UAEX) match the third mapper, which changes nothing.
 */
export function buildLocalReplies(): LocalReplyConfig {
  return LocalReplyConfig.fromPartial({
    mappers: [
      { ...refusal(hasStatus(UNJUDGED_STATUS), 'internal', 'this call could not be checked'), statusCode: 503 },
      {
        ...refusal(hasStatus(DEGRADED_STATUS), 'mesh-degraded', 'calls cannot be checked now; only a few may pass so'),
        statusCode: 503,
      },
      { filter: hasFlag('UAEX') },
      refusal(allOf(hasFlag('UO'), hasStatus(503)), 'breaker-open', 'too many calls in flight on this edge'),
      refusal(hasStatus(429), 'budget-exhausted', 'the native rate limit of this edge is exhausted'),
    ],
  });
}

function refusal(filter: AccessLogFilter, reason: string, message: string): DeepPartial<ResponseMapper> {
  return {
    filter,
    bodyFormatOverride: {
      format: {
        $case: 'jsonFormat',
        value: { reason, message, edge: '%ROUTE_NAME%', retryAfterMs: RETRY_AFTER_MS, id: '%REQ(X-REQUEST-ID)%' },
      },
    },
    headersToAdd: [setHeader(HEADERS.denied, reason), setHeader('retry-after', String(RETRY_AFTER_MS / 1000))],
  };
}

function hasStatus(status: number): AccessLogFilter {
  return AccessLogFilter.fromPartial({
    filterSpecifier: {
      $case: 'statusCodeFilter',
      value: {
        comparison: {
          op: ComparisonFilter_Op.EQ,
          value: { defaultValue: status, runtimeKey: `capmesh.local_reply.status_${status}` },
        },
      },
    },
  });
}

function hasFlag(flag: string): AccessLogFilter {
  return AccessLogFilter.fromPartial({
    filterSpecifier: { $case: 'responseFlagFilter', value: { flags: [flag] } },
  });
}

function allOf(...filters: AccessLogFilter[]): AccessLogFilter {
  return AccessLogFilter.fromPartial({ filterSpecifier: { $case: 'andFilter', value: { filters } } });
}
