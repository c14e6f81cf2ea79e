const HCM = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const ROUTER = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';
const ADAPTIVE = 'type.googleapis.com/envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency';
const WIDE_OPEN = 100_000;

/** Limits a careful operator would try by hand for a service of 8 workers. */
export const HAND_TUNED_MAX_REQUESTS = [12, 16, 24, 32] as const;

export const PEERS = ['none', 'adaptive', ...HAND_TUNED_MAX_REQUESTS.map((limit) => `breaker-${limit}`)] as const;

/**
 * Bootstrap of one Envoy with a listener for every peer, all in front of the
 * same service with a route time-out of 1 s: nothing, adaptive_concurrency and
 * hand-set `max_requests`. Ports are chosen by the system.
 */
export function peersBootstrap(servicePort: number): object {
  const breakers = HAND_TUNED_MAX_REQUESTS.map((limit) => ({ name: `breaker-${limit}`, limit }));
  return {
    node: { id: 'peers', cluster: 'bench' },
    admin: { address: loopback(0) },
    static_resources: {
      listeners: [
        listener('none', 'wide-open', []),
        listener('adaptive', 'wide-open', [adaptiveConcurrency()]),
        ...breakers.map(({ name }) => listener(name, name, [])),
      ],
      clusters: [
        cluster('wide-open', WIDE_OPEN, servicePort),
        ...breakers.map(({ name, limit }) => cluster(name, limit, servicePort)),
      ],
    },
  };
}

function listener(name: string, clusterName: string, filters: readonly object[]): object {
  const routes = [{ match: { prefix: '/' }, route: { cluster: clusterName, timeout: '1s' } }];
  const manager = {
    '@type': HCM,
    stat_prefix: name,
    route_config: { name, virtual_hosts: [{ name, domains: ['*'], routes }] },
    http_filters: [...filters, { name: 'router', typed_config: { '@type': ROUTER } }],
  };
  return {
    name,
    address: loopback(0),
    filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
  };
}

/** The settings of Envoy's documentation, with room for 1000 calls in flight. */
function adaptiveConcurrency(): object {
  return {
    name: 'adaptive',
    typed_config: {
      '@type': ADAPTIVE,
      enabled: { default_value: true, runtime_key: 'adaptive.enabled' },
      gradient_controller_config: {
        sample_aggregate_percentile: { value: 90 },
        concurrency_limit_params: { concurrency_update_interval: '0.1s', max_concurrency_limit: 1000 },
        min_rtt_calc_params: { interval: '30s', request_count: 50, jitter: { value: 10 }, min_concurrency: 3 },
      },
    },
  };
}

function cluster(name: string, maxRequests: number, servicePort: number): object {
  const thresholds = [
    { max_connections: WIDE_OPEN, max_pending_requests: WIDE_OPEN, max_requests: maxRequests, max_retries: 3 },
  ];
  return {
    name,
    connect_timeout: '1s',
    type: 'STATIC',
    circuit_breakers: { thresholds },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(servicePort) } }] }],
    },
  };
}

function loopback(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
