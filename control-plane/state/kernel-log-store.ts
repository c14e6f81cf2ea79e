import type { JetStreamClient } from '@nats-io/jetstream';
import type { KernelCheckpoint } from '../../core/kernel/checkpoint.ts';
import type { CapacityEventRecord } from '../../core/kernel/kernel-io.ts';
import type { Plain } from '../../core/substrate/plain-value.ts';
import type { LeaderWrites } from '../leader/leader-writes.ts';
import { KERNEL_STREAM } from './open-store.ts';
import { packJson, unpackJson } from './packed-json.ts';
import { readStream, sinceTime } from './read-stream.ts';

/** Changes with what records mean. */
const VERSION = 1;

/** Where replay can begin: what the kernel remembered before the tick after this one. */
export interface CheckpointRecord {
  readonly kind: 'checkpoint';
  /** Id of the process. */
  readonly run: string;
  /** Ticks of the process so far. */
  readonly tick: number;
  readonly checkpoint: KernelCheckpoint;
}

/** Everything that went into one tick, and what came out. */
export interface TickRecord {
  readonly kind: 'tick';
  readonly run: string;
  readonly tick: number;
  /** In the order in which the kernel took them, the tick itself last; a frame only by name. */
  readonly inputs: readonly LoggedInput[];
  readonly events: readonly CapacityEventRecord[];
  /** Digest of everything that the kernel asked for. */
  readonly effects: string;
}

export type KernelRecord = CheckpointRecord | TickRecord;

/** A frame of the stream `CAPMESH_FRAMES`, or an input as `toPlain` writes it. */
export type LoggedInput =
  | { readonly frame: FrameName; readonly nowMs: number }
  | { readonly input: Plain; readonly frame?: undefined };

export type FrameName = readonly [node: string, instance: string, seq: number, part: number];

export interface StoredRecord {
  readonly wallMs: number;
  readonly record: KernelRecord;
}

/** The kernel's log in the stream `CAPMESH_KERNEL`, 10 minutes of it: packed JSON (CONTRACT §F). */
export class KernelLogStore {
  readonly #jetstream: JetStreamClient;
  readonly #subject: string;
  readonly #bytesMax: number;

  constructor(jetstream: JetStreamClient, mesh: string, bytesMax: number) {
    this.#jetstream = jetstream;
    this.#subject = `capmesh.v1.kernel.${mesh}`;
    this.#bytesMax = bytesMax;
  }

  /** Answers whether it fitted into one message; rejects when the store does not take it, or this replica does not lead. */
  async publish(record: KernelRecord, writes: LeaderWrites): Promise<boolean> {
    const packed = await packJson({ version: VERSION, ...record });
    if (packed.length > this.#bytesMax) return false;
    writes.require();
    const msgID = `${record.run}.${record.tick}.${record.kind}`;
    await this.#jetstream.publish(this.#subject, packed, { msgID, headers: writes.headers() });
    return true;
  }

  /** When the store took the newest record, UTC milliseconds; `null` = it holds none. */
  async newestWallMs(): Promise<number | null> {
    const stream = await this.#jetstream.streams.get(KERNEL_STREAM);
    const newest = await stream.getMessage({ last_by_subj: this.#subject });
    return newest?.time.getTime() ?? null;
  }

  /** Records since a point in time, oldest first, without those of another version or of a leader that was none any more. */
  async *read(sinceWallMs: number): AsyncGenerator<StoredRecord> {
    const start = { ...sinceTime(sinceWallMs), filter_subjects: [this.#subject] };
    let newestEpoch = 0;
    for await (const { data, wallMs, epoch } of readStream(this.#jetstream, KERNEL_STREAM, start)) {
      if (epoch < newestEpoch) continue;
      newestEpoch = epoch;
      const record = (await unpackJson(data)) as KernelRecord & { readonly version: number };
      if (record.version === VERSION) yield { wallMs, record };
    }
  }
}
