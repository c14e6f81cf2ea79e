#!/usr/bin/env bash
# Generates proto/gen: types and gRPC stubs for our own protos and for the Envoy
# protos that we build or serve, and the descriptor set that the validate.rules are read from.
set -euo pipefail
cd "$(dirname "$0")/.."
envoy=node_modules/@grpc/grpc-js-xds/deps/envoy-api/envoy
paths=()
for file in \
  config/bootstrap/v3/bootstrap \
  config/cluster/v3/cluster \
  config/endpoint/v3/endpoint \
  config/listener/v3/listener \
  config/route/v3/route \
  config/route/v3/scoped_route \
  extensions/filters/http/ext_authz/v3/ext_authz \
  extensions/filters/http/local_ratelimit/v3/local_rate_limit \
  extensions/filters/http/router/v3/router \
  extensions/filters/network/http_connection_manager/v3/http_connection_manager \
  extensions/http/early_header_mutation/header_mutation/v3/header_mutation \
  extensions/upstreams/http/v3/http_protocol_options \
  service/accesslog/v3/als \
  service/auth/v3/external_auth \
  service/discovery/v3/ads \
  service/metrics/v3/metrics_service \
  service/runtime/v3/rtds \
  type/matcher/v3/http_inputs; do
  paths+=(--path "$envoy/$file.proto")
done
# Envoy fields newer than these protos travel as TypedStruct.
paths+=(--path node_modules/@grpc/grpc-js-xds/deps/xds/xds/type/v3/typed_struct.proto)
rm -rf proto/gen
node_modules/.bin/buf generate "${paths[@]}" --path proto/capmesh --path proto/io --path proto/grpc
node_modules/.bin/buf build --path proto/capmesh --path proto/grpc -o proto/gen/capmesh.binpb
