import type { BucketPlan } from '../core/allocators/capacity-plan.ts';
import type { Any } from '../proto/gen/google/protobuf/any.ts';
import { durationText } from './duration.ts';
import { FILTER_NAMES, HEADERS } from './http-filters.ts';
import { packStruct } from './pack.ts';
import { EXTENSION_TYPES } from './type-urls.ts';

const DEGRADED = { key: 'degraded', value: 'true' };
const ALWAYS = { default_value: { numerator: 100, denominator: 'HUNDRED' } };

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
  return packStruct(EXTENSION_TYPES.localRateLimit, {
    stat_prefix: statPrefix,
    status: { code: 'TooManyRequests' },
    token_bucket: tokenBucket(backstop),
    ...(safe === null ? {} : degradedBucket(safe)),
    filter_enabled: ALWAYS,
    filter_enforced: ALWAYS,
    response_headers_to_add: [overwrite(HEADERS.denied, 'budget-exhausted'), overwrite('retry-after', '1')],
    rate_limited_as_resource_exhausted: true,
  });
}

/** The chain's own local_ratelimit: without a bucket it limits nothing but what routes configure. */
export function buildIdleLimit(): Any {
  return packStruct(EXTENSION_TYPES.localRateLimit, { stat_prefix: FILTER_NAMES.rateLimit });
}

/** A bucket of its own for calls that passed only because the authorizer could not be reached. */
function degradedBucket(safe: BucketPlan): object {
  const isDegraded = { name: HEADERS.degraded, string_match: { exact: 'true' } };
  return {
    descriptors: [{ entries: [DEGRADED], token_bucket: tokenBucket(safe) }],
    rate_limits: [
      {
        actions: [
          {
            header_value_match: {
              descriptor_key: DEGRADED.key,
              descriptor_value: DEGRADED.value,
              headers: [isDegraded],
            },
          },
        ],
      },
    ],
  };
}

function tokenBucket(bucket: BucketPlan): object {
  return {
    max_tokens: bucket.maxTokens,
    tokens_per_fill: bucket.tokensPerFill,
    fill_interval: durationText(bucket.fillIntervalMs),
  };
}

function overwrite(key: string, value: string): object {
  return { header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' };
}
