import type { KV } from '@nats-io/kv';
import type { Logger } from '../../platform/logger.ts';
import { Lease } from '../../proto/gen/capmesh/v1/lease.ts';

/** A lease is said again at least this often, so that sidecars know that the control plane lives. */
const HEARTBEAT_MS = 5000;

/**
 * Leases in the bucket `capmesh_leases`, one key per node, the value being the
 * protobuf `capmesh.v1.Lease`. A whole value replaces the one before; an
 * unchanged one is put again every third of its shortest life and at least
 * every 5 s.
 */
export class LeaseStore {
  readonly #kv: KV;
  readonly #logger: Logger;
  readonly #current = new Map<string, { readonly bytes: Uint8Array; readonly heartbeatMs: number; saidAtMs: number }>();

  constructor(kv: KV, logger: Logger) {
    this.#kv = kv;
    this.#logger = logger;
  }

  async publish(lease: Lease, nowMs: number): Promise<void> {
    const bytes = Lease.encode(lease).finish();
    const shortestMs = Math.min(...lease.edges.map((edge) => edge.leaseMs), Number.POSITIVE_INFINITY);
    this.#current.set(lease.node, { bytes, heartbeatMs: Math.min(HEARTBEAT_MS, shortestMs / 3), saidAtMs: nowMs });
    await this.#kv.put(lease.node, bytes);
  }

  /** Puts every lease again that has been silent for too long. `nowMs` is monotonic. */
  async heartbeat(nowMs: number): Promise<void> {
    for (const [node, lease] of this.#current) {
      if (nowMs - lease.saidAtMs >= lease.heartbeatMs) {
        lease.saidAtMs = nowMs;
        await this.#kv.put(node, lease.bytes);
      }
    }
  }

  /** A node that is gone gets no heartbeat any more; its lease runs out. */
  forget(node: string): void {
    if (this.#current.delete(node)) {
      this.#logger.info({ node }, 'no lease for this node any more');
    }
  }
}
