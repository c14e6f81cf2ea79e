/** Names of the HTTP filters in the chain; per-route settings refer to them. */
export const FILTER_NAMES = {
  authorizer: 'capmesh.ext_authz',
  rateLimit: 'capmesh.local_ratelimit',
  router: 'envoy.filters.http.router',
} as const;

/** Headers that travel between caller, sidecar, Envoy and service. Lower case. */
export const HEADERS = {
  token: 'x-capacity-token',
  workload: 'x-capacity-workload',
  priority: 'x-capacity-priority',
  denied: 'x-capacity-denied',
  /** Set by Envoy on calls that pass although the authorizer cannot be reached. */
  degraded: 'x-envoy-auth-failure-mode-allowed',
} as const;
