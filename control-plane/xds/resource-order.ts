import { RESOURCE_TYPES } from '../../envoy/type-urls.ts';

/** Make before break: what others refer to comes first, so that a call never meets a route without its cluster. */
export const CHANGE_ORDER: readonly string[] = [
  RESOURCE_TYPES.runtime,
  RESOURCE_TYPES.cluster,
  RESOURCE_TYPES.endpoints,
  RESOURCE_TYPES.listener,
  RESOURCE_TYPES.scopedRoutes,
  RESOURCE_TYPES.routes,
];

/** … and what refers to others goes first. */
export const REMOVAL_ORDER: readonly string[] = [
  RESOURCE_TYPES.scopedRoutes,
  RESOURCE_TYPES.routes,
  RESOURCE_TYPES.listener,
  RESOURCE_TYPES.cluster,
  RESOURCE_TYPES.endpoints,
  RESOURCE_TYPES.runtime,
];

/** Types that a client may subscribe to without names, meaning all. */
export const WILDCARD_TYPES: ReadonlySet<string> = new Set([
  RESOURCE_TYPES.cluster,
  RESOURCE_TYPES.listener,
  RESOURCE_TYPES.scopedRoutes,
]);

/** By type: the type whose resources name it in `needs`. */
export const NEEDED_BY: ReadonlyMap<string, string> = new Map([
  [RESOURCE_TYPES.endpoints, RESOURCE_TYPES.cluster],
  [RESOURCE_TYPES.routes, RESOURCE_TYPES.scopedRoutes],
]);
