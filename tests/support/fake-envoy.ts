import { RESOURCE_TYPES } from '../../envoy/type-urls.ts';
import { Cluster } from '../../proto/gen/envoy/config/cluster/v3/cluster.ts';
import { ClusterLoadAssignment } from '../../proto/gen/envoy/config/endpoint/v3/endpoint.ts';
import { Listener } from '../../proto/gen/envoy/config/listener/v3/listener.ts';
import { RouteConfiguration } from '../../proto/gen/envoy/config/route/v3/route.ts';
import { ScopedRouteConfiguration } from '../../proto/gen/envoy/config/route/v3/scoped_route.ts';
import type {
  DeltaDiscoveryResponse,
  DiscoveryResponse,
} from '../../proto/gen/envoy/service/discovery/v3/discovery.ts';
import { Runtime } from '../../proto/gen/envoy/service/runtime/v3/rtds.ts';
import { type AdsStream, deltaRequest, deltaStream, sotwRequest, sotwStream } from './ads-client.ts';

export type Mode = 'delta' | 'sotw';

export interface Received {
  readonly typeUrl: string;
  readonly names: readonly string[];
  readonly removed: readonly string[];
  /** Bytes by name. */
  readonly contents: ReadonlyMap<string, Buffer>;
}

export interface FakeEnvoyOptions {
  readonly mode: Mode;
  readonly node?: string;
  readonly metadata?: Record<string, unknown>;
  readonly locality?: { readonly region: string; readonly zone: string };
  /** Error detail with which a response is refused; `null` = it is accepted. */
  readonly refuse?: (received: Received) => string | null;
  /** What it held before it connected, by type and name (incremental only). */
  readonly initial?: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

const NAME_OF: Readonly<Record<string, (bytes: Uint8Array) => string>> = {
  [RESOURCE_TYPES.runtime]: (bytes) => Runtime.decode(bytes).name,
  [RESOURCE_TYPES.cluster]: (bytes) => Cluster.decode(bytes).name,
  [RESOURCE_TYPES.endpoints]: (bytes) => ClusterLoadAssignment.decode(bytes).clusterName,
  [RESOURCE_TYPES.listener]: (bytes) => Listener.decode(bytes).name,
  [RESOURCE_TYPES.scopedRoutes]: (bytes) => ScopedRouteConfiguration.decode(bytes).name,
  [RESOURCE_TYPES.routes]: (bytes) => RouteConfiguration.decode(bytes).name,
};

/** Type that a client asks for once it holds resources of another type. */
const FOLLOWS: Readonly<Record<string, string>> = {
  [RESOURCE_TYPES.runtime]: RESOURCE_TYPES.cluster,
  [RESOURCE_TYPES.cluster]: RESOURCE_TYPES.listener,
  [RESOURCE_TYPES.listener]: RESOURCE_TYPES.scopedRoutes,
};

/**
 * Asks, acknowledges and subscribes in the order that Envoy does, without Envoy:
 * endpoints by the clusters that it holds, route tables by the scopes.
 */
export class FakeEnvoy {
  readonly options: FakeEnvoyOptions;
  /** Every response in the order of arrival. */
  readonly log: Received[] = [];
  /** Cleared: acknowledges, but asks for nothing new. */
  isFollowing = true;
  /** Bytes held, by type and name. */
  readonly held = new Map<string, Map<string, Buffer>>();
  readonly #delta: ReturnType<typeof deltaStream> | null;
  readonly #sotw: ReturnType<typeof sotwStream> | null;
  readonly #asked = new Map<string, Set<string>>();
  readonly #lastNonce = new Map<string, string>();
  readonly #lastVersion = new Map<string, string>();
  #watchers: (() => void)[] = [];

  constructor(address: string, options: FakeEnvoyOptions) {
    this.options = options;
    this.#delta = options.mode === 'delta' ? deltaStream(address) : null;
    this.#sotw = options.mode === 'sotw' ? sotwStream(address) : null;
    for (const typeUrl of Object.values(RESOURCE_TYPES)) {
      this.held.set(typeUrl, new Map());
    }
    void this.#run();
    this.#ask(RESOURCE_TYPES.runtime, ['capmesh']);
  }

  get stream(): AdsStream<unknown, unknown> {
    return (this.#delta ?? this.#sotw) as AdsStream<unknown, unknown>;
  }

  close(): void {
    this.stream.close();
  }

  names(typeUrl: string): string[] {
    return [...(this.held.get(typeUrl)?.keys() ?? [])].sort();
  }

  /** Responses received after the first `count`. */
  since(count: number): string[] {
    return this.log.slice(count).map(({ typeUrl }) => typeUrl);
  }

  /** Resolves as soon as the condition holds, looked at after each response. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (condition()) resolve();
        else this.#watchers.push(look);
      };
      look();
    });
  }

  async #run(): Promise<void> {
    for (;;) {
      if (this.#delta !== null) this.#takeDelta(await this.#delta.next());
      if (this.#sotw !== null) this.#takeSotw(await this.#sotw.next());
      const watchers = this.#watchers;
      this.#watchers = [];
      for (const look of watchers) look();
    }
  }

  #takeDelta({ typeUrl, nonce, resources, removedResources }: DeltaDiscoveryResponse): void {
    const contents = new Map(resources.map(({ name, resource }) => [name, resource?.value ?? Buffer.alloc(0)]));
    const received = { typeUrl, names: [...contents.keys()], removed: removedResources, contents };
    this.log.push(received);
    const refusal = this.options.refuse?.(received) ?? null;
    if (refusal === null) {
      for (const [name, bytes] of contents) this.held.get(typeUrl)?.set(name, bytes);
      for (const name of removedResources) this.held.get(typeUrl)?.delete(name);
    }
    const errorDetail = refusal === null ? {} : { errorDetail: { code: 13, message: refusal } };
    this.#delta?.send(deltaRequest({ typeUrl, responseNonce: nonce, ...errorDetail }));
    if (refusal === null) this.#follow(typeUrl);
  }

  #takeSotw({ typeUrl, nonce, resources, versionInfo }: DiscoveryResponse): void {
    const nameOf = NAME_OF[typeUrl] as (bytes: Uint8Array) => string;
    const contents = new Map(resources.map(({ value }) => [nameOf(value), value]));
    const received = { typeUrl, names: [...contents.keys()], removed: [], contents };
    this.log.push(received);
    const refusal = this.options.refuse?.(received) ?? null;
    this.#lastNonce.set(typeUrl, nonce);
    if (refusal === null) {
      this.#lastVersion.set(typeUrl, versionInfo);
      const isWhole = [RESOURCE_TYPES.cluster, RESOURCE_TYPES.listener, RESOURCE_TYPES.scopedRoutes].includes(
        typeUrl as typeof RESOURCE_TYPES.cluster,
      );
      if (isWhole) this.held.get(typeUrl)?.clear();
      for (const [name, bytes] of contents) this.held.get(typeUrl)?.set(name, bytes);
    }
    this.#sendSotw(typeUrl, refusal);
    if (refusal === null) this.#follow(typeUrl);
  }

  #follow(typeUrl: string): void {
    if (!this.isFollowing) return;
    const held = [...(this.held.get(typeUrl)?.values() ?? [])];
    if (typeUrl === RESOURCE_TYPES.cluster) {
      const clusters = held.map((bytes) => Cluster.decode(bytes));
      this.#ask(
        RESOURCE_TYPES.endpoints,
        clusters.flatMap(({ edsClusterConfig }) => edsClusterConfig?.serviceName ?? []),
      );
    }
    if (typeUrl === RESOURCE_TYPES.scopedRoutes) {
      this.#ask(
        RESOURCE_TYPES.routes,
        held.map((bytes) => ScopedRouteConfiguration.decode(bytes).routeConfigurationName),
      );
    }
    const next = FOLLOWS[typeUrl];
    if (next !== undefined && !this.#asked.has(next)) this.#ask(next, []);
  }

  /** Subscribes to exactly these names, saying only what is new. */
  #ask(typeUrl: string, names: readonly string[]): void {
    const before = this.#asked.get(typeUrl);
    const wanted = new Set(names);
    const added = [...wanted].filter((name) => !before?.has(name));
    const dropped = [...(before ?? [])].filter((name) => !wanted.has(name));
    if (before !== undefined && added.length === 0 && dropped.length === 0) return;
    this.#asked.set(typeUrl, wanted);
    for (const name of dropped) this.held.get(typeUrl)?.delete(name);
    this.#delta?.send(
      deltaRequest({
        node: this.#node(),
        typeUrl,
        resourceNamesSubscribe: added,
        resourceNamesUnsubscribe: dropped,
        initialResourceVersions: before === undefined ? { ...this.options.initial?.get(typeUrl) } : {},
      }),
    );
    if (this.#sotw !== null) this.#sendSotw(typeUrl, null);
  }

  #sendSotw(typeUrl: string, refusal: string | null): void {
    this.#sotw?.send(
      sotwRequest({
        node: this.#node(),
        typeUrl,
        resourceNames: [...(this.#asked.get(typeUrl) ?? [])],
        responseNonce: this.#lastNonce.get(typeUrl) ?? '',
        versionInfo: this.#lastVersion.get(typeUrl) ?? '',
        ...(refusal === null ? {} : { errorDetail: { code: 13, message: refusal } }),
      }),
    );
  }

  #node() {
    const { node = 'node-1', metadata = {}, locality } = this.options;
    return { id: node, metadata, ...(locality && { locality }) };
  }
}
