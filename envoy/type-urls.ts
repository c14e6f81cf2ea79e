const google = (name: string): string => `type.googleapis.com/${name}`;

/** Type URLs of the resources served over ADS. */
export const RESOURCE_TYPES = {
  runtime: google('envoy.service.runtime.v3.Runtime'),
  cluster: google('envoy.config.cluster.v3.Cluster'),
  endpoints: google('envoy.config.endpoint.v3.ClusterLoadAssignment'),
  listener: google('envoy.config.listener.v3.Listener'),
  scopedRoutes: google('envoy.config.route.v3.ScopedRouteConfiguration'),
  routes: google('envoy.config.route.v3.RouteConfiguration'),
} as const;

/** Type URLs of the messages packed inside resources. */
export const EXTENSION_TYPES = {
  connectionManager: google('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
  earlyHeaderMutation: google('envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation'),
  extAuthz: google('envoy.extensions.filters.http.ext_authz.v3.ExtAuthz'),
  extAuthzPerRoute: google('envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute'),
  localRateLimit: google('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit'),
  router: google('envoy.extensions.filters.http.router.v3.Router'),
  httpProtocolOptions: google('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
  headerMatchInput: google('envoy.type.matcher.v3.HttpRequestHeaderMatchInput'),
  route: google('envoy.config.route.v3.Route'),
  previousHosts: google('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'),
  previousPriorities: google('envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig'),
  stdoutAccessLog: google('envoy.extensions.access_loggers.stream.v3.StdoutAccessLog'),
  grpcAccessLog: google('envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig'),
  openTelemetry: google('envoy.config.trace.v3.OpenTelemetryConfig'),
  metricsService: google('envoy.config.metrics.v3.MetricsServiceConfig'),
  upstreamTls: google('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext'),
  downstreamConnectionsMonitor: google(
    'envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
  ),
  typedStruct: google('xds.type.v3.TypedStruct'),
} as const;
