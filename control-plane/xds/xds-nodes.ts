import type { Nack } from './nack.ts';
import { NodeRecord } from './node-record.ts';
import type { XdsStream } from './xds-stream.ts';

/** What the control plane knows of one node's configuration. */
export interface NodeXdsStatus {
  readonly node: string;
  readonly connected: boolean;
  /** Content hash of the newest snapshot that the node has acknowledged whole; empty before. */
  readonly version: string;
  /** When it acknowledged that, UTC milliseconds; `null` before. */
  readonly appliedAtMs: number | null;
  /** It holds all that is served now and refuses nothing of it. */
  readonly upToDate: boolean;
  /** Resources that it refuses. */
  readonly nacks: readonly Nack[];
}

interface Entry {
  readonly record: NodeRecord;
  /** Oldest first; more than one for a moment while a node reconnects. */
  readonly streams: XdsStream[];
  version: string;
  appliedAtMs: number | null;
  /** Since when it lacks something that is served, monotonic milliseconds; `null` = it lacks nothing. */
  behindSinceMs: number | null;
}

/** Nodes by id, at most `max`: a new node takes the place of the one gone longest. */
export class XdsNodes {
  readonly #max: number;
  #entries = new Map<string, Entry>();

  constructor(max: number) {
    this.#max = max;
  }

  /** The record of a node, made if need be; `null` when there are too many connected nodes. */
  record(node: string): NodeRecord | null {
    const known = this.#entries.get(node);
    if (known !== undefined) return known.record;
    if (this.#entries.size >= this.#max) {
      const gone = [...this.#entries].find(([, { streams }]) => streams.length === 0);
      if (gone === undefined) return null;
      this.#entries.delete(gone[0]);
    }
    const record = new NodeRecord(node);
    this.#entries.set(node, { record, streams: [], version: '', appliedAtMs: null, behindSinceMs: null });
    return record;
  }

  opened(node: string, stream: XdsStream): void {
    this.#entries.get(node)?.streams.push(stream);
  }

  closed(node: string, stream: XdsStream): void {
    const entry = this.#entries.get(node);
    const index = entry?.streams.indexOf(stream) ?? -1;
    if (entry === undefined || index < 0) return;
    entry.streams.splice(index, 1);
    if (entry.streams.length === 0) entry.behindSinceMs = null;
    // Last in the order of the map = gone most lately.
    this.#entries.delete(node);
    this.#entries.set(node, entry);
  }

  /** A snapshot of this version is served to the node from now on. */
  offered(node: string, version: string, nowMs: number): void {
    const entry = this.#entries.get(node);
    if (entry !== undefined && entry.version !== version) entry.behindSinceMs ??= nowMs;
  }

  /** The node holds this version whole. Answers for how long it was behind; `null` when it was not. */
  settled(node: string, version: string, { nowMs, wallMs }: { nowMs: number; wallMs: number }): number | null {
    const entry = this.#entries.get(node);
    if (entry === undefined) return null;
    if (entry.version !== version) entry.appliedAtMs = wallMs;
    entry.version = version;
    const { behindSinceMs } = entry;
    entry.behindSinceMs = null;
    return behindSinceMs === null ? null : nowMs - behindSinceMs;
  }

  /** Every open stream. */
  streams(): XdsStream[] {
    return [...this.#entries.values()].flatMap(({ streams }) => streams);
  }

  connected(): string[] {
    return [...this.#entries].filter(([, { streams }]) => streams.length > 0).map(([node]) => node);
  }

  /** `versionOf`: what a stream is to hold now. */
  statuses(versionOf: (stream: XdsStream) => string | undefined): NodeXdsStatus[] {
    return [...this.#entries].map(([node, { record, streams, version, appliedAtMs }]) => {
      const newest = streams.at(-1);
      return {
        node,
        connected: newest !== undefined,
        version,
        appliedAtMs,
        upToDate: newest !== undefined && versionOf(newest) === version && record.nacks.length === 0,
        nacks: record.nacks,
      };
    });
  }
}
