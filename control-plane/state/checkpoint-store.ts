import type { KV } from '@nats-io/kv';
import type { KernelCheckpoint } from '../../core/kernel/checkpoint.ts';
import type { Logger } from '../../platform/logger.ts';
import type { LeaderWrites } from '../leader/leader-writes.ts';
import { CONTROL_BUCKET } from './open-store.ts';
import { packJson, unpackJson } from './packed-json.ts';

/** A checkpoint and when it was made. */
export interface StoredCheckpoint {
  /** UTC milliseconds. */
  readonly wallMs: number;
  /** The same moment on the kernel's own time line. */
  readonly nowMs: number;
  readonly checkpoint: KernelCheckpoint;
}

/** The newest checkpoint of a mesh's kernel, key `kernel.<mesh>` of the bucket `capmesh_control`: packed JSON. */
export class CheckpointStore {
  readonly #kv: KV;
  readonly #key: string;
  readonly #bytesMax: number;

  constructor(kv: KV, mesh: string, bytesMax: number) {
    this.#kv = kv;
    this.#key = `kernel.${mesh}`;
    this.#bytesMax = bytesMax;
  }

  /** `null` where there is none or it cannot be read. */
  async stored(logger: Pick<Logger, 'warn'>): Promise<StoredCheckpoint | null> {
    const entry = await this.#kv.get(this.#key);
    if (entry?.operation !== 'PUT') return null;
    try {
      const stored = (await unpackJson(entry.value)) as Partial<StoredCheckpoint> | null;
      if (Number.isFinite(stored?.wallMs) && Number.isFinite(stored?.nowMs)) return stored as StoredCheckpoint;
      logger.warn('the stored checkpoint is none');
    } catch (error) {
      logger.warn({ err: error }, 'the stored checkpoint cannot be read');
    }
    return null;
  }

  /** Answers whether it fitted into one message; rejects when the store does not take it, or this replica does not lead. */
  async put(checkpoint: StoredCheckpoint, writes: LeaderWrites): Promise<boolean> {
    const packed = await packJson(checkpoint);
    if (packed.length > this.#bytesMax) return false;
    await writes.putKey(CONTROL_BUCKET, this.#key, packed);
    return true;
  }
}
