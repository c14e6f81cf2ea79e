import type { GateName, GateState } from '../gates/gate-state.ts';
import { type GateMemory, NEW_GATE } from '../gates/hysteresis.ts';
import { unknown } from '../gates/verdict.ts';
import { type ActionBook, EMPTY_ACTION_BOOK } from '../stability/action-book.ts';
import { INITIAL_OVERLOAD_STATE, type OverloadState } from '../stability/overload-controller.ts';
import type { StabilityActionRecord } from '../stability/stability-action.ts';
import { ServiceEdges, type TenantEdges } from './service-edges.ts';
import type { TenantState } from './tenant-state.ts';

/** What the kernel knows about one service. Changed in place by the tick. */
export interface ServiceState {
  readonly service: string;
  readonly edges: ServiceEdges;
  /** Tenants that have an edge to it. */
  readonly tenants: Map<string, TenantState>;
  /** Ticks that the tenants have been followed for. */
  tenantTicks: number;
  controller: OverloadState;
  /** Sums over all edges in the newest tick that was not missing; `null` before. */
  newest: ServiceTick | null;
  /** Monotonic milliseconds of that tick, or of the start. */
  lastDataMs: number;
  /** T_obs: span of data without a hole, s. */
  observedSec: number;
  /** Time learned from, s. */
  learnedSec: number;
  /** Answers that the latency part of fit needed last, so that noise cannot fail it; the window follows. */
  answersNeeded: number;
  /** Since when a failing gate forbids learning, monotonic milliseconds. */
  frozenSinceMs: number | null;
  /** Factor on N, 1 … 1.5: callers that leave part of their share unused (see `share-boost.ts`). */
  shareBoost: number;
  /** N and R0 as the plan has them: they follow only when they moved enough. */
  plannedLimit: number | null;
  plannedBaselineMs: number | null;
  readonly memory: Record<GateName, GateMemory>;
  gates: GateState;
  /** The concurrency limit of the overload controller, while it holds the service. */
  action: LimitAction | null;
  /** Until then the overload controller may not hold the service again, monotonic milliseconds. */
  limitCoolUntilMs: number;
  /** Everything else that is done for the service. */
  actions: ActionBook;
  /** Since when the overload controller holds the service, monotonic milliseconds. */
  trimmingSinceMs: number | null;
  /** Since when the fit gate fails, monotonic milliseconds. */
  fitFailingSinceMs: number | null;
  /** Gates whose verdict comes from before a restart, and of when the data is that they were judged on, monotonic milliseconds. */
  readonly restored: Map<GateName, number>;
}

/** What a service did in one tick, over all edges and nodes. */
export interface ServiceTick {
  readonly durationSec: number;
  readonly attempts: number;
  readonly breakerRefused: number;
  /** Turned away by sidecars on account of actions. */
  readonly shed: number;
  readonly answers: number;
  readonly latencySumSec: number;
  readonly timeouts: number;
  readonly inFlight: number;
}

export interface LimitAction {
  readonly record: StabilityActionRecord;
  /** Monotonic milliseconds. */
  readonly emittedMs: number;
  readonly expiresMs: number;
}

/** A service that nothing was heard of since `nowMs` (monotonic): no model, no action, every gate UNKNOWN. */
export function createServiceState(service: string, nowMs: number): ServiceState {
  return {
    service,
    edges: new ServiceEdges(),
    tenants: new Map(),
    tenantTicks: 0,
    controller: INITIAL_OVERLOAD_STATE,
    newest: null,
    lastDataMs: nowMs,
    observedSec: 0,
    learnedSec: 0,
    answersNeeded: 0,
    frozenSinceMs: null,
    shareBoost: 1,
    plannedLimit: null,
    plannedBaselineMs: null,
    memory: { fit: NEW_GATE, gluing: NEW_GATE, uv: NEW_GATE, isolation: NEW_GATE },
    gates: {
      fit: unknown('warmup'),
      gluing: unknown('warmup'),
      uv: unknown('warmup'),
      isolation: unknown('warmup'),
    },
    restored: new Map(),
    action: null,
    limitCoolUntilMs: 0,
    actions: EMPTY_ACTION_BOOK,
    trimmingSinceMs: null,
    fitFailingSinceMs: null,
  };
}

/** What is known of the tenant that has these edges of the service; `null` = there is no such tenant. */
export function tenantOf(service: ServiceState, own: TenantEdges): TenantState | null {
  own.state ??= service.tenants.get(own.tenant) ?? null;
  return own.state;
}
