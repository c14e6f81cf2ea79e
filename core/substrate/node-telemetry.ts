import { type EdgeKey, edgeKey } from '../mesh/mesh-config.ts';
import { appendDelta, differenceEdge, type EdgeDelta } from './edge-delta.ts';
import { fieldsOf, fromPlain, numberOf, type Plain, PlainValueError, textOf, toPlain } from './plain-value.ts';
import type { EdgeCounters, ResourceSample, TelemetryFrame } from './telemetry-frame.ts';

/** Edges remembered per node; the same bound as on the wire. */
const EDGES_MAX = 20_000;
/** Parts of one frame that are collected. */
const PARTS_MAX = 256;

/** What a node reported since it was last asked. */
export interface NodeReport {
  /** Length of what the deltas cover, on the node's own clock. */
  readonly durationSec: number;
  readonly deltas: ReadonlyMap<EdgeKey, EdgeDelta>;
  /** Edges whose counters started again: nothing is known of them for this time. */
  readonly missing: ReadonlySet<EdgeKey>;
}

/** Turns the cumulative frames of one node into differences. */
export class NodeTelemetry {
  readonly node: string;
  /** Monotonic milliseconds at which the newest complete frame arrived. */
  lastFrameMs: number;
  leaseSeq = 0;
  /** CPU, memory, network and disk of its host as it told them last; `null` = it has not, since the start. */
  resources: ResourceSample | null = null;
  /** Frames thrown away: duplicates, out of order, incomplete. */
  droppedFrames = 0;
  droppedEdges = 0;
  #instance = '';
  #seq = -1;
  #endMs = 0;
  readonly #counters = new Map<EdgeKey, EdgeCounters>();
  /** By place in a frame. */
  readonly #keys: { readonly workload: string; readonly service: string; readonly key: EdgeKey }[] = [];
  #parts: PartialFrame | null = null;
  #pending: PendingReport = emptyReport();

  constructor(node: string, nowMs: number) {
    this.node = node;
    this.lastFrameMs = nowMs;
  }

  /** Takes one frame, or one part of it. */
  accept(frame: TelemetryFrame, nowMs: number): void {
    if (frame.instance === this.#instance && frame.seq <= this.#seq) {
      this.droppedFrames++;
      return;
    }
    if (frame.resources !== undefined) this.resources = frame.resources;
    const edges = this.#collect(frame);
    if (edges === null) return;
    const started = frame.instance !== this.#instance;
    const elapsedSec = started ? 0 : this.#elapsedSec(frame);
    if (started) this.#counters.clear();
    for (let i = 0; i < edges.length; i++) {
      const edge = edges[i];
      if (edge !== undefined) this.#difference(this.#keyAt(i, edge), edge, started);
    }
    this.#pending.durationSec += elapsedSec;
    this.#pending.frames++;
    this.#instance = frame.instance;
    this.#seq = frame.seq;
    this.#endMs = frame.endMs;
    this.leaseSeq = frame.leaseSeq;
    this.lastFrameMs = nowMs;
  }

  /** Hands over what came in since the last call; `null` if no frame did. */
  take(): NodeReport | null {
    if (this.#pending.frames === 0) return null;
    const report = this.#pending;
    this.#pending = emptyReport();
    return report;
  }

  toPlain(): Plain {
    return {
      node: this.node,
      lastFrameMs: this.lastFrameMs,
      leaseSeq: this.leaseSeq,
      droppedFrames: this.droppedFrames,
      droppedEdges: this.droppedEdges,
      instance: this.#instance,
      seq: this.#seq,
      endMs: this.#endMs,
      counters: toPlain(this.#counters),
      parts: toPlain(this.#parts),
      pending: toPlain(this.#pending),
    };
  }

  /** Throws `PlainValueError`. */
  static fromPlain(plain: Plain): NodeTelemetry {
    const told = fieldsOf(plain);
    const node = new NodeTelemetry(textOf(told.node), numberOf(told.lastFrameMs));
    node.leaseSeq = numberOf(told.leaseSeq);
    node.droppedFrames = numberOf(told.droppedFrames);
    node.droppedEdges = numberOf(told.droppedEdges);
    node.#instance = textOf(told.instance);
    node.#seq = numberOf(told.seq);
    node.#endMs = numberOf(told.endMs);
    for (const [key, counters] of mapOf<EdgeKey, EdgeCounters>(told.counters)) node.#counters.set(key, counters);
    node.#parts = fromPlain(told.parts ?? null) as PartialFrame | null;
    const pending = fieldsOf(told.pending);
    node.#pending = {
      durationSec: numberOf(pending.durationSec),
      frames: numberOf(pending.frames),
      deltas: mapOf<EdgeKey, EdgeDelta>(pending.deltas),
      missing: setOf<EdgeKey>(pending.missing),
    };
    return node;
  }

  /** All edges of a frame once every part of it is there. A newer frame or instance drops an incomplete one. */
  #collect(frame: TelemetryFrame): readonly EdgeCounters[] | null {
    if (frame.parts <= 1) {
      if (this.#parts !== null) this.droppedFrames++;
      this.#parts = null;
      return frame.edges;
    }
    if (this.#parts === null || this.#parts.seq !== frame.seq || this.#parts.instance !== frame.instance) {
      const older = this.#parts?.instance === frame.instance && this.#parts.seq > frame.seq;
      if (older || frame.parts > PARTS_MAX) {
        this.droppedFrames++;
        return null;
      }
      if (this.#parts !== null) this.droppedFrames++;
      this.#parts = { seq: frame.seq, instance: frame.instance, received: new Map() };
    }
    if (frame.part >= 0 && frame.part < frame.parts) this.#parts.received.set(frame.part, frame.edges);
    if (this.#parts.received.size < frame.parts) return null;
    const edges = [...this.#parts.received.values()].flat();
    this.#parts = null;
    return edges;
  }

  /** Where frames were lost the counters span them too; the wall clock then tells for how long. */
  #elapsedSec(frame: TelemetryFrame): number {
    const lost = frame.seq - this.#seq - 1;
    const ownMs = Math.max(0, frame.durationMs);
    if (lost === 0) return ownMs / 1000;
    const wallMs = frame.endMs - this.#endMs;
    return Math.max(ownMs, wallMs > 0 && wallMs < 4 * ownMs * (lost + 1) ? wallMs : ownMs * (lost + 1)) / 1000;
  }

  /** Frames name the same edges in the same order nearly always, so that few keys have to be made. */
  #keyAt(index: number, { workload, service }: EdgeCounters): EdgeKey {
    const known = this.#keys[index];
    if (known?.workload === workload && known.service === service) return known.key;
    const key = edgeKey(workload, service);
    if (index < EDGES_MAX) this.#keys[index] = { workload, service, key };
    return key;
  }

  #difference(key: EdgeKey, edge: EdgeCounters, started: boolean): void {
    const before = this.#counters.get(key);
    if (before === undefined && this.#counters.size >= EDGES_MAX) {
      this.droppedEdges++;
      return;
    }
    this.#counters.set(key, edge);
    const delta = started ? null : differenceEdge(before, edge);
    if (delta === null) {
      this.#pending.missing.add(key);
      return;
    }
    const pending = this.#pending.deltas.get(key);
    if (pending) appendDelta(pending, delta);
    else this.#pending.deltas.set(key, delta);
  }
}

interface PartialFrame {
  readonly seq: number;
  readonly instance: string;
  readonly received: Map<number, readonly EdgeCounters[]>;
}

interface PendingReport {
  durationSec: number;
  frames: number;
  readonly deltas: Map<EdgeKey, EdgeDelta>;
  readonly missing: Set<EdgeKey>;
}

const emptyReport = (): PendingReport => ({ durationSec: 0, frames: 0, deltas: new Map(), missing: new Set() });

function mapOf<K, V>(plain: Plain | undefined): Map<K, V> {
  const value = fromPlain(plain ?? null);
  if (!(value instanceof Map)) throw new PlainValueError('a map is missing');
  return value;
}

function setOf<T>(plain: Plain | undefined): Set<T> {
  const value = fromPlain(plain ?? null);
  if (!(value instanceof Set)) throw new PlainValueError('a set is missing');
  return value;
}
