import type { KV } from '@nats-io/kv';
import type { LeasePlan } from '../../core/allocators/capacity-plan.ts';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import { DEFAULT_PRIO } from '../../core/mesh/mesh-defaults.ts';
import type { Logger } from '../../platform/logger.ts';
import { validateMessage } from '../../platform/validate-message.ts';
import { Lease } from '../../proto/gen/capmesh/v1/lease.ts';
import type { LeaderWrites } from '../leader/leader-writes.ts';
import { leaseMessage } from './lease-message.ts';
import { LEASES_BUCKET } from './open-store.ts';

/** A lease that was not renewed for this long is that of a node that is gone: terms end within 60 s, reserves within 10 min. */
const GONE_MS = 15 * 60_000;

/**
 * Leases in the bucket `capmesh_leases`: one key per node, the value being the
 * protobuf `capmesh.v1.Lease`, a whole value that replaces the one before. A
 * node's term starts again with every write, so nothing is written here that
 * the kernel did not issue: it renews leases at half their term.
 */
export class LeaseStore {
  readonly #kv: KV;
  readonly #config: () => MeshConfig;

  constructor(kv: KV, config: () => MeshConfig) {
    this.#kv = kv;
    this.#config = config;
  }

  /** What nodes may still be applying, for a control plane that starts; forgets nodes that are gone. */
  async stored(wallMs: number, logger: Pick<Logger, 'warn'>): Promise<LeasePlan[]> {
    const leases: LeasePlan[] = [];
    for await (const node of await this.#kv.keys()) {
      const entry = await this.#kv.get(node);
      if (entry?.operation !== 'PUT') continue;
      const lease = readLease(entry.value);
      if (wallMs - entry.created.getTime() > GONE_MS) await this.#kv.purge(node);
      else if (lease !== null) leases.push(lease);
      else logger.warn({ node }, 'a stored lease cannot be read');
    }
    return leases;
  }

  /** Rejects when the store does not take it, or this replica does not lead. */
  async publish(plan: LeasePlan, writes: LeaderWrites): Promise<void> {
    const lease = Lease.encode(leaseMessage(plan, this.#config())).finish();
    await writes.putKey(LEASES_BUCKET, plan.node, lease);
  }
}

function readLease(bytes: Uint8Array): LeasePlan | null {
  try {
    const lease = Lease.decode(bytes);
    if (validateMessage('capmesh.v1.Lease', lease).length > 0) return null;
    const anonymous = lease.anonymous.map((caller) => ({ ...caller, prio: caller.prio ?? DEFAULT_PRIO }));
    return { ...lease, anonymous };
  } catch {
    return null;
  }
}
