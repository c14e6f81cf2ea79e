import type { BucketPlan } from '../core/allocators/capacity-plan.ts';
import { RateLimit } from '../proto/gen/envoy/config/route/v3/route_components.ts';
import {
  type DeepPartial,
  LocalRateLimit,
} from '../proto/gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.ts';
import { StatusCode } from '../proto/gen/envoy/type/v3/http_status.ts';
import type { Any } from '../proto/gen/google/protobuf/any.ts';
import { durationMs } from './duration.ts';
import { HEADERS } from './http-filters.ts';
import { DEGRADED_STATUS } from './local-replies.ts';
import { newerField } from './newer-field.ts';
import { pack } from './pack.ts';
import { setHeader } from './set-header.ts';
import { EXTENSION_TYPES } from './type-urls.ts';

const DEGRADED = { key: 'degraded', value: 'true' };
const ALWAYS = { defaultValue: { numerator: 100 } };

/** Buckets of one route on one node. */
export interface RouteBuckets {
  /** Spent by every call; never fires in health. */
  readonly backstop: BucketPlan;
  /** Spent, besides the backstop, by calls that pass while the authorizer is unreachable. */
  readonly safe: BucketPlan | null;
}

/**
 * local_ratelimit of one route. `statPrefix` names the counter
 * `<statPrefix>.http_local_rate_limit.rate_limited`. A refusal is a 429 with our
 * reason, RESOURCE_EXHAUSTED to gRPC callers.
 */
export function buildRouteLimit(statPrefix: string, { backstop, safe }: RouteBuckets): Any {
  const { typeUrl, value } = buildLimit({
    statPrefix,
    status: { code: StatusCode.TooManyRequests },
    tokenBucket: tokenBucket(backstop),
    descriptors: safe === null ? [] : [{ entries: [DEGRADED], tokenBucket: tokenBucket(safe) }],
    responseHeadersToAdd: [setHeader(HEADERS.denied, 'budget-exhausted'), setHeader('retry-after', '1')],
    rateLimitedAsResourceExhausted: true,
  });
  return { typeUrl, value: safe === null ? value : Buffer.concat([value, DEGRADED_RATE_LIMIT]) };
}

/**
 * local_ratelimit of a route that only calls take which could not be checked. A
 * refusal becomes 503 `mesh-degraded` (`buildLocalReplies`), UNAVAILABLE to gRPC
 * callers.
 */
export function buildUncheckedLimit(statPrefix: string, safe: BucketPlan): Any {
  return buildLimit({ statPrefix, status: { code: DEGRADED_STATUS }, tokenBucket: tokenBucket(safe) });
}

function buildLimit(limit: DeepPartial<LocalRateLimit>): Any {
  return pack(
    EXTENSION_TYPES.localRateLimit,
    LocalRateLimit,
    LocalRateLimit.fromPartial({ ...limit, filterEnabled: ALWAYS, filterEnforced: ALWAYS }),
  );
}

/** The chain's own local_ratelimit: without a bucket it limits nothing but what routes configure. */
export function buildIdleLimit(): Any {
  return pack(EXTENSION_TYPES.localRateLimit, LocalRateLimit, LocalRateLimit.fromPartial({ statPrefix: 'mesh' }));
}

/** LocalRateLimit.rate_limits. The route's own `rate_limits` would do as well, but Envoy deprecates that use. */
const RATE_LIMITS_FIELD = 17;

/** Marks calls that passed only because the authorizer could not be reached with the descriptor of the safe bucket. */
const DEGRADED_RATE_LIMIT = newerField(
  RATE_LIMITS_FIELD,
  RateLimit.encode(
    RateLimit.fromPartial({
      actions: [
        {
          actionSpecifier: {
            $case: 'headerValueMatch',
            value: {
              descriptorKey: DEGRADED.key,
              descriptorValue: DEGRADED.value,
              headers: [
                {
                  name: HEADERS.degraded,
                  headerMatchSpecifier: {
                    $case: 'stringMatch',
                    value: { matchPattern: { $case: 'exact', value: 'true' } },
                  },
                },
              ],
            },
          },
        },
      ],
    }),
  ).finish(),
);

function tokenBucket(bucket: BucketPlan) {
  return {
    maxTokens: bucket.maxTokens,
    tokensPerFill: bucket.tokensPerFill,
    fillInterval: durationMs(bucket.fillIntervalMs),
  };
}
