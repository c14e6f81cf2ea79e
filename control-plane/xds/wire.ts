import type { Resource } from '../../envoy/resource.ts';
import { contentHash } from '../../envoy/resource.ts';
import type { Node } from '../../proto/gen/envoy/config/core/v3/base.ts';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  type DiscoveryRequest,
  DiscoveryResponse,
} from '../../proto/gen/envoy/service/discovery/v3/discovery.ts';

/** A request of either protocol. */
export interface XdsRequest {
  readonly node: Node | undefined;
  readonly typeUrl: string;
  /** Empty = answers no response. */
  readonly nonce: string;
  /** Why the response was refused; `null` = it was not. */
  readonly refusal: string | null;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** State of the world: all names wanted. */
  readonly names: readonly string[] | null;
  /** Incremental: what the client held when it connected. */
  readonly initialVersions: Readonly<Record<string, string>>;
}

export interface XdsReply {
  readonly typeUrl: string;
  readonly nonce: string;
  /** To be added or replaced. */
  readonly changes: readonly Resource[];
  /** No longer there. */
  readonly removed: readonly string[];
  /** Everything that the client is to hold afterwards. */
  readonly whole: () => readonly Resource[];
}

export interface Wire<Request, Response> {
  readonly mode: 'delta' | 'sotw';
  parse(request: Request): XdsRequest;
  render(reply: XdsReply): Response;
}

export const deltaWire: Wire<DeltaDiscoveryRequest, DeltaDiscoveryResponse> = {
  mode: 'delta',
  parse: (request) => ({
    node: request.node,
    typeUrl: request.typeUrl,
    nonce: request.responseNonce,
    refusal: request.errorDetail === undefined ? null : request.errorDetail.message,
    subscribe: request.resourceNamesSubscribe,
    unsubscribe: request.resourceNamesUnsubscribe,
    names: null,
    initialVersions: request.initialResourceVersions,
  }),
  render: ({ typeUrl, nonce, changes, removed }) =>
    DeltaDiscoveryResponse.fromPartial({
      typeUrl,
      nonce,
      removedResources: [...removed],
      resources: changes.map(({ name, version, bytes }) => ({ name, version, resource: { typeUrl, value: bytes } })),
    }),
};

export const sotwWire: Wire<DiscoveryRequest, DiscoveryResponse> = {
  mode: 'sotw',
  parse: (request) => ({
    node: request.node,
    typeUrl: request.typeUrl,
    nonce: request.responseNonce,
    refusal: request.errorDetail === undefined ? null : request.errorDetail.message,
    subscribe: [],
    unsubscribe: [],
    names: request.resourceNames,
    initialVersions: {},
  }),
  render: ({ typeUrl, nonce, whole }) => {
    const resources = whole();
    return DiscoveryResponse.fromPartial({
      typeUrl,
      nonce,
      versionInfo: contentHash(resources.map(({ name, version }) => `${name} ${version}`).join('\n')),
      resources: resources.map(({ bytes }) => ({ typeUrl, value: bytes })),
    });
  },
};
