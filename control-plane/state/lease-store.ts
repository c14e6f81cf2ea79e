import type { KV } from '@nats-io/kv';
import type { LeasePlan } from '../../core/allocators/capacity-plan.ts';
import type { MeshConfig } from '../../core/mesh/mesh-config.ts';
import { DEFAULT_PRIO } from '../../core/mesh/mesh-defaults.ts';
import type { Logger } from '../../platform/logger.ts';
import { validateMessage } from '../../platform/validate-message.ts';
import { Lease } from '../../proto/gen/capmesh/v1/lease.ts';
import { leaseMessage } from './lease-message.ts';

/** A lease is said again at least this often, so that sidecars know that the control plane lives. */
const HEARTBEAT_MAX_MS = 5000;

interface HeldLease {
  readonly plan: LeasePlan;
  /** What the store holds; `null` while a write is owed. */
  bytes: Uint8Array | null;
  saidAtMs: number;
}

/**
 * Leases in the bucket `capmesh_leases`: one key per node, the value being the
 * protobuf `capmesh.v1.Lease`. A whole value replaces the one before; an
 * unchanged one is put again every third of its shortest life and at least
 * every 5 s.
 */
export class LeaseStore {
  readonly #kv: KV;
  readonly #config: () => MeshConfig;
  readonly #leases = new Map<string, HeldLease>();

  constructor(kv: KV, config: () => MeshConfig) {
    this.#kv = kv;
    this.#config = config;
  }

  /** What is stored, for a control plane that starts. Values that cannot be read are logged and passed over. */
  async stored(logger: Pick<Logger, 'warn'>): Promise<LeasePlan[]> {
    const leases: LeasePlan[] = [];
    for await (const node of await this.#kv.keys()) {
      const entry = await this.#kv.get(node);
      const lease = entry?.operation === 'PUT' ? readLease(entry.value) : null;
      if (lease !== null) leases.push(lease);
      else logger.warn({ node }, 'a stored lease cannot be read');
    }
    return leases;
  }

  /** Puts a lease; rejects when the store does not take it. `nowMs` is monotonic. */
  async publish(plan: LeasePlan, nowMs: number): Promise<void> {
    const held: HeldLease = { plan, bytes: null, saidAtMs: nowMs };
    this.#leases.set(plan.node, held);
    await this.#put(held, nowMs);
  }

  /**
   * Says again what has been silent for too long or reads differently under the
   * present configuration. `isLive` tells the nodes that still send frames; the
   * leases of others run out.
   */
  async heartbeat(nowMs: number, isLive: (node: string) => boolean): Promise<void> {
    for (const held of this.#leases.values()) {
      const shortestMs = Math.min(...held.plan.edges.map(({ leaseMs }) => leaseMs));
      const isDue = nowMs - held.saidAtMs >= Math.min(HEARTBEAT_MAX_MS, shortestMs / 3);
      if (!isLive(held.plan.node)) this.#leases.delete(held.plan.node);
      else if (isDue || !this.#isSaid(held)) await this.#put(held, nowMs);
    }
  }

  #isSaid({ plan, bytes }: HeldLease): boolean {
    return bytes !== null && Buffer.compare(bytes, this.#encode(plan)) === 0;
  }

  #encode(plan: LeasePlan): Uint8Array {
    return Lease.encode(leaseMessage(plan, this.#config())).finish();
  }

  async #put(held: HeldLease, nowMs: number): Promise<void> {
    const bytes = this.#encode(held.plan);
    await this.#kv.put(held.plan.node, bytes);
    held.bytes = bytes;
    held.saidAtMs = nowMs;
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
