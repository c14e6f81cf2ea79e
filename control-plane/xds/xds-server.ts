import { type Server, type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { Resource } from '../../envoy/resource.ts';
import { runtimeResource } from '../../envoy/runtime-layer.ts';
import { type Snapshot, withSet } from '../../envoy/snapshot.ts';
import { RESOURCE_TYPES } from '../../envoy/type-urls.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Node } from '../../proto/gen/envoy/config/core/v3/base.ts';
import {
  type AggregatedDiscoveryServiceServer,
  AggregatedDiscoveryServiceService,
} from '../../proto/gen/envoy/service/discovery/v3/ads.ts';
import type { Nack } from './nack.ts';
import { factsOf } from './node-facts.ts';
import { NodeSnapshots } from './node-snapshots.ts';
import { type Rollout, Rollouts } from './rollouts.ts';
import { RoutePacer } from './route-pacer.ts';
import { deltaWire, sotwWire, type Wire } from './wire.ts';
import { type NodeXdsStatus, XdsNodes } from './xds-nodes.ts';
import type { SessionTimes } from './xds-session.ts';
import { endCall, guarded, openXdsStream, type XdsStream } from './xds-stream.ts';

export interface XdsServerOptions {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** Shortest time between changes of route tables that nobody edited; default 10 000 ms. */
  readonly routeIntervalMs?: number;
  /** Default: a later type waits 2 s for an earlier one; a client that does not answer is cut off after 30 s. */
  readonly times?: SessionTimes;
  /** Called once for every resource that a node refuses. */
  readonly onNack?: (nack: Nack) => void;
  /** Called whenever a node has caught up, with the time from the first thing that it lacked to its last acknowledgement. */
  readonly onApplied?: (behindMs: number) => void;
}

export interface PublishOptions {
  /** Revision of the configuration; `rollout` is asked by it. */
  readonly revision: number;
  /** The configuration itself changed: route tables go out at once. */
  readonly edited: boolean;
}

const DEFAULT_TIMES: SessionTimes = { stageMs: 2_000, answerMs: 30_000 };
const DEFAULT_ROUTE_INTERVAL_MS = 10_000;
const NODES_MAX = 4_096;
const STREAMS_MAX = 8_192;
const NODE_ID_MAX = 256;

/**
 * Serves snapshots to nodes over ADS, incremental or state of the world. Before
 * the first `publish` nothing is answered, so that a restarted control plane
 * takes nothing away from nodes that run: publish the runtime layer first.
 */
export class XdsServer {
  /** To be added to a grpc.Server; see `addTo`. */
  readonly implementation: AggregatedDiscoveryServiceServer = {
    deltaAggregatedResources: (call) => this.#accept(call, deltaWire),
    streamAggregatedResources: (call) => this.#accept(call, sotwWire),
  };
  readonly #options: XdsServerOptions;
  readonly #nodes = new XdsNodes(NODES_MAX);
  readonly #rollouts = new Rollouts();
  readonly #snapshots = new NodeSnapshots();
  readonly #pacer: RoutePacer;
  #published: Snapshot | null = null;
  #served: Snapshot | null = null;
  #runtime: Resource = runtimeResource({});
  #routeTimer: NodeJS.Timeout | undefined;

  constructor(options: XdsServerOptions) {
    this.#options = options;
    this.#pacer = new RoutePacer(options.routeIntervalMs ?? DEFAULT_ROUTE_INTERVAL_MS);
  }

  addTo(server: Server): void {
    server.addService(AggregatedDiscoveryServiceService, this.implementation);
  }

  /** Serves a snapshot from now on. Unchanged resources are not sent again. */
  publish(snapshot: Snapshot, { revision, edited }: PublishOptions): void {
    this.#published = snapshot;
    this.#rollouts.start(revision, this.#nodes.connected(), this.#options.clock.monotonicMs());
    this.#offer(snapshot, edited);
  }

  /** Serves a runtime layer (`buildRuntimeLayer`) from now on, at once. */
  publishRuntime(layer: Resource): void {
    if (layer.version === this.#runtime.version) return;
    this.#runtime = layer;
    this.#serve();
  }

  nodes(): NodeXdsStatus[] {
    return this.#nodes.statuses((stream) => this.#snapshots.get(stream.facts)?.version);
  }

  /** How far a revision has got; `null` when it is not among the newest 64 published. */
  rollout(revision: number): Rollout | null {
    return this.#rollouts.find(revision);
  }

  /** Resolves when every node connected at publishing has settled, at the latest after `timeoutMs`. */
  whenRolledOut(revision: number, timeoutMs: number): Promise<Rollout | null> {
    return new Promise((resolve) => {
      if (this.rollout(revision) === null) {
        resolve(null);
        return;
      }
      const timer = setTimeout(() => {
        stopWaiting();
        resolve(this.rollout(revision));
      }, timeoutMs);
      const stopWaiting = this.#rollouts.whenOver(revision, (rollout) => {
        clearTimeout(timer);
        resolve(rollout);
      });
    });
  }

  /** Stops timers and ends the streams. */
  close(): void {
    clearTimeout(this.#routeTimer);
    for (const stream of this.#nodes.streams()) stream.end();
  }

  #offer(snapshot: Snapshot, isEdited: boolean): void {
    clearTimeout(this.#routeTimer);
    const nowMs = this.#options.clock.monotonicMs();
    const { serve, againAtMs } = this.#pacer.offer(snapshot, isEdited, nowMs);
    this.#served = serve;
    if (againAtMs !== null) {
      this.#routeTimer = setTimeout(() => this.#offer(this.#published ?? snapshot, false), againAtMs - nowMs);
      this.#routeTimer.unref();
    }
    this.#serve();
  }

  #serve(): void {
    if (this.#served === null) return;
    const snapshot = withSet(this.#served, RESOURCE_TYPES.runtime, [this.#runtime]);
    this.#snapshots.replace(snapshot);
    for (const stream of this.#nodes.streams()) this.#show(stream);
  }

  #show(stream: XdsStream): void {
    const snapshot = this.#snapshots.get(stream.facts);
    if (snapshot === null) return;
    stream.record.prune(snapshot);
    this.#nodes.offered(stream.record.node, snapshot.version, this.#options.clock.monotonicMs());
    stream.publish(snapshot);
  }

  #accept<Request, Response>(call: ServerDuplexStream<Request, Response>, wire: Wire<Request, Response>): void {
    let stream: XdsStream | null = null;
    const close = (): void => {
      if (stream === null) return;
      stream.close();
      this.#nodes.closed(stream.record.node, stream);
      this.#options.logger.info({ node: stream.record.node }, 'node disconnected');
      stream = null;
    };
    call.on('data', (message: Request) =>
      guarded(call, () => {
        const request = wire.parse(message);
        stream ??= this.#open(call, wire, request.node);
        stream?.session.receive(request);
      }),
    );
    call.on('end', () => {
      close();
      call.end();
    });
    call.on('error', (error) => {
      if (stream !== null)
        this.#options.logger.warn({ node: stream.record.node, error: error.message }, 'stream failed');
      close();
    });
    call.on('cancelled', close);
    call.on('close', close);
  }

  #open<Request, Response>(
    call: ServerDuplexStream<Request, Response>,
    wire: Wire<Request, Response>,
    node: Node | undefined,
  ): XdsStream | null {
    const id = node?.id ?? '';
    if (node === undefined || id === '' || id.length > NODE_ID_MAX) {
      endCall(call, status.INVALID_ARGUMENT, 'the first request must name the node');
      return null;
    }
    const record = this.#nodes.streams().length < STREAMS_MAX ? this.#nodes.record(id) : null;
    if (record === null) {
      endCall(call, status.RESOURCE_EXHAUSTED, 'too many nodes');
      return null;
    }
    const { clock, logger, times = DEFAULT_TIMES } = this.#options;
    const stream = openXdsStream({
      call,
      wire,
      record,
      facts: factsOf(node),
      clock,
      times,
      onSettled: (version) => this.#settled(record.node, version),
      onNack: (nack) => {
        logger.warn(nack, 'node refuses a resource');
        this.#options.onNack?.(nack);
      },
    });
    this.#nodes.opened(id, stream);
    logger.info({ node: id, mode: wire.mode }, 'node connected');
    this.#show(stream);
    return stream;
  }

  #settled(node: string, version: string): void {
    const { clock, onApplied } = this.#options;
    const nowMs = clock.monotonicMs();
    const behindMs = this.#nodes.settled(node, version, { nowMs, wallMs: clock.wallMs() });
    if (behindMs !== null) onApplied?.(behindMs);
    this.#rollouts.settled(node, nowMs, this.#nodes.record(node)?.nacks ?? []);
  }
}
