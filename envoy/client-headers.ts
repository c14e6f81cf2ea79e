import type { TypedExtensionConfig } from '../proto/gen/envoy/config/core/v3/extension.ts';
import { otherThan } from './other-than.ts';
import { packStruct } from './pack.ts';
import { EXTENSION_TYPES } from './type-urls.ts';

const OUR_PREFIX = 'x-capacity-';

/** Tails of the `x-capacity-` headers that a client may send (CONTRACT §F). */
export const CLIENT_HEADER_TAILS = ['token', 'operation', 'cpu', 'memory-mb', 'priority', 'attempt'] as const;

/** Each matches whole names of client headers that are removed. */
export const REMOVED_HEADER_REGEXES = otherThan(CLIENT_HEADER_TAILS).map((tail) => OUR_PREFIX + tail);

/**
 * Removes, before any route is chosen, every capacity header that only we may
 * set, and Envoy's own control headers (`x-envoy-…`): with those a client could
 * pretend to be degraded, or set its own retries and time-outs.
 */
export function buildClientHeaderRemoval(): TypedExtensionConfig {
  return {
    name: 'capmesh.client_headers',
    typedConfig: packStruct(EXTENSION_TYPES.earlyHeaderMutation, {
      mutations: [
        ...REMOVED_HEADER_REGEXES.map((regex) => ({ remove_on_match: { key_matcher: { safe_regex: { regex } } } })),
        { remove_on_match: { key_matcher: { prefix: 'x-envoy-' } } },
      ],
    }),
  };
}
