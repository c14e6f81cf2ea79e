import { at } from '../at.ts';
import { type EdgeKey, edgeKey } from '../mesh/mesh-config.ts';
import { CountedEdge } from './counted-edge.ts';
import { appendDelta, type EdgeDelta, emptyDelta } from './edge-delta.ts';
import { fieldsOf, fromPlain, numberOf, type Plain, PlainValueError, textOf, toPlain } from './plain-value.ts';
import type { EdgeCounters, ResourceSample, TelemetryFrame } from './telemetry-frame.ts';

/** Edges remembered per node; the same bound as on the wire. */
const EDGES_MAX = 20_000;
/** Parts of one frame that are collected. */
const PARTS_MAX = 256;

/** What a node reported since it was last asked. Its deltas are written anew in the report after the next one. */
export interface NodeReport {
  /** Length of what the deltas cover, on the node's own clock. */
  readonly durationSec: number;
  /** Edges that something is known of, each once. */
  readonly edges: readonly ReportedEdge[];
  /** Edges whose counters started again: nothing is known of them for this time. */
  readonly missing: ReadonlySet<EdgeKey>;
}

/** One edge of a node: the same object in all its reports until the node starts again. */
export interface ReportedEdge {
  readonly key: EdgeKey;
  readonly service: string;
  /** Where it stands among the edges of its node: 0, 1, … */
  readonly place: number;
  /** What happened on it, as of the newest report that it is in. */
  readonly delta: EdgeDelta;
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
  readonly #edges = new Map<EdgeKey, TrackedEdge>();
  /** The same by place in a frame. */
  readonly #inFrame: TrackedEdge[] = [];
  /** Edges of the pending report that were told of before the node started again: where they stand in it. */
  #earlier: ReadonlyMap<EdgeKey, number> = new Map();
  /** What a later frame adds to a report. */
  readonly #later = emptyDelta();
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
    if (started) this.#forgetEdges();
    for (let i = 0; i < edges.length; i++) {
      const counters = edges[i];
      if (counters === undefined) continue;
      const edge = this.#edgeAt(i, counters);
      if (edge !== null) this.#enter(edge, counters, started);
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
    this.#earlier = new Map();
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
      counters: toPlain(new Map([...this.#edges].map(([key, { counted }]) => [key, counted.counters()]))),
      parts: toPlain(this.#parts),
      pending: toPlain({
        durationSec: this.#pending.durationSec,
        frames: this.#pending.frames,
        deltas: new Map(this.#pending.edges.map(({ key, delta }) => [key, delta])),
        missing: this.#pending.missing,
      }),
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
    node.#parts = fromPlain(told.parts ?? null) as PartialFrame | null;
    const pending = fieldsOf(told.pending);
    node.#pending = {
      durationSec: numberOf(pending.durationSec),
      frames: numberOf(pending.frames),
      edges: [],
      missing: setOf<EdgeKey>(pending.missing),
    };
    for (const counters of mapOf<EdgeKey, EdgeCounters>(told.counters).values()) {
      node.#addEdge(counters.workload, counters.service)?.counted.adopt(counters);
    }
    for (const [key, delta] of mapOf<EdgeKey, EdgeDelta>(pending.deltas)) {
      const edge = node.#edges.get(key) ?? untoldEdge(key);
      edge.enter(delta, node.#pending);
    }
    node.#earlier = placesOf(node.#pending.edges);
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

  /** Frames name the same edges in the same order nearly always, so that few have to be looked up. `null` = one too many. */
  #edgeAt(place: number, { workload, service }: EdgeCounters): TrackedEdge | null {
    const usual = this.#inFrame[place];
    if (usual?.counted.workload === workload && usual.counted.service === service) return usual;
    const edge = this.#edges.get(edgeKey(workload, service)) ?? this.#addEdge(workload, service);
    if (edge === null) this.droppedEdges++;
    else this.#inFrame[place] = edge;
    return edge;
  }

  #addEdge(workload: string, service: string): TrackedEdge | null {
    if (this.#edges.size >= EDGES_MAX) return null;
    const edge = new TrackedEdge(new CountedEdge(workload, service), this.#edges.size);
    this.#edges.set(edge.key, edge);
    const place = this.#earlier.get(edge.key);
    if (place !== undefined) this.#goOn(edge, place);
    return edge;
  }

  /** An edge that was told of in the same report before the node started again. */
  #goOn(edge: TrackedEdge, place: number): void {
    const { edges } = this.#pending;
    edge.delta = at(edges, place).delta;
    edge.report = this.#pending;
    edges[place] = edge;
  }

  #forgetEdges(): void {
    this.#earlier = placesOf(this.#pending.edges);
    this.#edges.clear();
    this.#inFrame.length = 0;
  }

  #enter(edge: TrackedEdge, counters: EdgeCounters, started: boolean): void {
    const { counted } = edge;
    const report = this.#pending;
    const goesOn = edge.report === report;
    const delta = goesOn ? this.#later : edge.spare;
    if (started) counted.adopt(counters);
    if (started || !counted.advance(counters, delta)) report.missing.add(counted.key);
    else if (goesOn) appendDelta(edge.delta, delta);
    else edge.enter(delta, report);
  }
}

/** An edge with its counters and the report that it is written into. */
class TrackedEdge implements ReportedEdge {
  readonly key: EdgeKey;
  readonly service: string;
  readonly counted: CountedEdge;
  readonly place: number;
  delta = emptyDelta();
  /** The report that `delta` belongs to. */
  report: PendingReport | null = null;
  /** Where the next report is written: the newest one may still be read. */
  spare = emptyDelta();

  constructor(counted: CountedEdge, place: number) {
    this.key = counted.key;
    this.service = counted.service;
    this.counted = counted;
    this.place = place;
  }

  enter(delta: EdgeDelta, report: PendingReport): void {
    this.spare = this.delta;
    this.delta = delta;
    this.report = report;
    report.edges.push(this);
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
  readonly edges: ReportedEdge[];
  readonly missing: Set<EdgeKey>;
}

/** An edge of a report that was not told of again since the node started again. */
function untoldEdge(key: EdgeKey): TrackedEdge {
  const [workload = '', service = ''] = key.split('/');
  return new TrackedEdge(new CountedEdge(workload, service), 0);
}

const placesOf = (edges: readonly ReportedEdge[]): Map<EdgeKey, number> =>
  new Map(edges.map(({ key }, place) => [key, place]));

const emptyReport = (): PendingReport => ({ durationSec: 0, frames: 0, edges: [], missing: new Set() });

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
