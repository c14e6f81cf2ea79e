import { type AdmissionLedger, EMPTY_ADMISSION_LEDGER } from '../admission/admission-ledger.ts';
import type { CapacityPlan } from '../allocators/capacity-plan.ts';
import { EMPTY_LEASE_BOOK, type LeaseBook } from '../allocators/lease-book.ts';
import { edgesByService } from '../allocators/plan-capacity.ts';
import type { CapacityVector } from '../capacity/capacity-vector.ts';
import { edgeKey, type MeshConfig } from '../mesh/mesh-config.ts';
import { NodeTelemetry } from '../substrate/node-telemetry.ts';
import { createEdgeState } from './edge-state.ts';
import type { ActionControl } from './kernel-io.ts';
import { NodeEdges } from './node-edges.ts';
import { createServiceState, type ServiceState } from './service-state.ts';
import { TenantState } from './tenant-state.ts';

/**
 * Everything that the kernel remembers. It has one owner, who hands it to
 * `step` and `viewOf` and touches nothing in it; `step` changes it in place.
 */
export interface KernelState {
  /** Epoch of the leader, written into leases. */
  readonly epoch: number;
  config: MeshConfig | null;
  live: ReadonlyMap<string, CapacityVector>;
  readonly nodes: Map<string, NodeState>;
  readonly services: Map<string, ServiceState>;
  /** The newest plan, and the one that was published last. */
  plan: CapacityPlan | null;
  published: CapacityPlan | null;
  book: LeaseBook;
  /** What the shell last told of the roll-out, by node; empty while it tells nothing. */
  rollout: ReadonlyMap<string, NodeRolloutState>;
  /** Services whose turn it was to be compared, so far (see `turns.ts`). */
  turns: number;
  /** Newest monotonic time seen. */
  nowMs: number;
  actionsStarted: number;
  /** What operators allow, and ids of actions that they want ended at the next tick. */
  control: ActionControl;
  readonly cancelled: Set<string>;
  /** Envoys were asked to keep their last snapshot. */
  rolloutHeld: boolean;
  /** What admission predicted, and what came of it. */
  admissions: AdmissionLedger;
  /** Frames of another mesh or of more nodes than are kept. */
  droppedFrames: number;
}

export interface NodeRolloutState {
  readonly connected: boolean;
  /** Monotonic milliseconds; `null` = up to date. */
  readonly behindSinceMs: number | null;
}

export interface NodeState {
  readonly telemetry: NodeTelemetry;
  /** Ticks in a row without a frame. */
  missedTicks: number;
  /** Services that it had calls for in its last report. */
  carried: ReadonlySet<string>;
  readonly edges: NodeEdges;
}

/** Nodes remembered at most. */
const NODES_MAX = 1024;

/** Caller's name on the edge of calls whose identity is not known (CONTRACT §A). */
export const UNVERIFIED = '~unverified';

/** @param epoch of the leader that owns this kernel */
export function createKernel(epoch = 1): KernelState {
  return {
    epoch,
    config: null,
    live: new Map(),
    nodes: new Map(),
    services: new Map(),
    plan: null,
    published: null,
    book: EMPTY_LEASE_BOOK,
    rollout: new Map(),
    turns: 0,
    nowMs: 0,
    actionsStarted: 0,
    control: { safeMode: false, pausedUntilMs: 0 },
    cancelled: new Set(),
    rolloutHeld: false,
    admissions: EMPTY_ADMISSION_LEDGER,
    droppedFrames: 0,
  };
}

/** Unique over leaders and restarts: the wall clock, the epoch, and a count. */
export function newActionId(state: KernelState, wallMs: number): string {
  state.actionsStarted++;
  return `${wallMs.toString(36)}-${state.epoch}-${state.actionsStarted}`;
}

/** Finds or makes the memory of a node; `null` when there are too many. */
export function nodeState(state: KernelState, name: string): NodeState | null {
  const known = state.nodes.get(name);
  if (known) return known;
  if (state.nodes.size >= NODES_MAX) return null;
  const node: NodeState = {
    telemetry: new NodeTelemetry(name, state.nowMs),
    missedTicks: 0,
    carried: new Set(),
    edges: new NodeEdges(),
  };
  state.nodes.set(name, node);
  return node;
}

/** Makes the memories of services and edges those of a configuration; what both have keeps its history. */
export function adoptConfig(state: KernelState, config: MeshConfig): void {
  state.config = config;
  for (const { edges } of state.nodes.values()) edges.unlink();
  for (const name of state.services.keys()) {
    if (!config.services.has(name)) state.services.delete(name);
  }
  const edges = edgesByService({ config });
  for (const name of config.services.keys()) {
    const service = state.services.get(name) ?? createServiceState(name, state.nowMs);
    state.services.set(name, service);
    const budgets = new Map((edges.get(name) ?? []).map(({ key, budget }) => [key, budget]));
    for (const key of service.edges.keys()) {
      if (!budgets.has(key) && key !== edgeKey(UNVERIFIED, name)) service.edges.delete(key);
    }
    for (const [key, budget] of budgets) {
      const edge = service.edges.get(key) ?? createEdgeState(key, budget.workload, name);
      edge.budget = budget;
      edge.tenant = config.workloads.get(budget.workload)?.tenant ?? budget.workload;
      service.edges.set(key, edge);
    }
    adoptTenants(service);
    const unverified = edgeKey(UNVERIFIED, name);
    if (!service.edges.has(unverified)) service.edges.set(unverified, createEdgeState(unverified, UNVERIFIED, name));
  }
}

function adoptTenants(service: ServiceState): void {
  const names = new Set([...service.edges.values()].flatMap((edge) => (edge.budget === null ? [] : [edge.tenant])));
  for (const name of service.tenants.keys()) {
    if (!names.has(name)) service.tenants.delete(name);
  }
  for (const name of names) {
    if (!service.tenants.has(name)) service.tenants.set(name, new TenantState(name));
  }
}
