import {
  type CallClass,
  checkLoadedCall,
  explainExhaustion,
  RETRY_AFTER_MAX_MS,
  type TokenShare,
} from '../admission/check-call.ts';
import { edgeCounters } from '../admission/edge-counters.ts';
import { renewOverlay } from '../admission/edge-overlay.ts';
import {
  boundedLoad,
  countAdmitted,
  countBreakerRefused,
  countRefused,
  createEdgeRecord,
  type EdgeRecord,
  leaseEdge,
  operationsOf,
} from '../admission/edge-record.ts';
import { type LoadEstimate, loadRetryAfterMs } from '../admission/load-limit.ts';
import { endOperation, isFull, startOperation, timeOutOperations } from '../admission/open-operations.ts';
import type { RefusalReason } from '../admission/refusal-reason.ts';
import type { CapacityPlan, LeasePlan } from '../allocators/capacity-plan.ts';
import { leasedOverlay } from '../allocators/lease-overlay.ts';
import { edgesByService } from '../allocators/plan-capacity.ts';
import type { KernelEffect, Moment } from '../kernel/kernel-io.ts';
import { type EdgeKey, edgeKey, type MeshConfig } from '../mesh/mesh-config.ts';
import type { TelemetryFrame } from '../substrate/telemetry-frame.ts';
import type { OperationResult } from './operation-request.ts';
import type { OperationOutcome, RunningOperation } from './running-operation.ts';

/** The one node of a mesh inside one process. */
export const LOCAL_NODE = 'local';

export interface LocalCall {
  readonly operationType: string;
  readonly estimate: LoadEstimate;
  readonly class: CallClass;
}

/** Checks, counts and reports: what sidecar and proxy do together, inside one process. */
export class LocalNode {
  readonly #mesh: string;
  readonly #edges: ReadonlyMap<EdgeKey, EdgeRecord>;
  #leaseSeq = 0;
  #lastWordMs: number;
  #frames = 0;
  #lastFrame: Moment;

  constructor(config: MeshConfig, now: Moment) {
    this.#mesh = config.mesh;
    this.#edges = localEdges(config, now.nowMs);
    this.#lastWordMs = now.nowMs;
    this.#lastFrame = now;
  }

  find(workload: string, service: string): EdgeRecord | undefined {
    return this.#edges.get(edgeKey(workload, service));
  }

  /** Puts in force what the kernel decided. */
  follow(effects: readonly KernelEffect[], nowMs: number): void {
    this.#lastWordMs = nowMs;
    for (const effect of effects) {
      if (effect.kind === 'publish-plan') this.#followPlan(effect.plan);
      if (effect.kind === 'publish-leases') for (const lease of effect.leases) this.#followLease(lease, nowMs);
    }
  }

  /** Whether an operation may run now; what is refused is charged to nobody. */
  check(edge: EdgeRecord, share: TokenShare | null, call: LocalCall, nowMs: number): OperationResult {
    const { workload: workloadId, service, timeoutMs } = edge;
    const operations = operationsOf(edge);
    timeOutOperations(operations, edge.load, nowMs);
    const breakerOpen = isFull(operations, edge.maxRequests);
    const loaded = { ...call.class, estimate: call.estimate, breakerOpen, timeoutMs };
    const verdict = checkLoadedCall(edge, boundedLoad(edge), share, loaded, nowMs - this.#lastWordMs, nowMs);
    if (typeof verdict === 'string') {
      if (verdict === 'breaker-open') countBreakerRefused(edge, operations);
      else countRefused(edge, verdict);
      return { allowed: false, reason: verdict, retryAfterMs: pauseMs(edge, share, call.estimate, verdict, nowMs) };
    }
    countAdmitted(edge, nowMs);
    const started = startOperation(operations, verdict, timeoutMs, nowMs);
    return { allowed: true, operation: { ...started, workloadId, service, operationType: call.operationType } };
  }

  /** Ends an operation; false where it had ended before, or timed out. */
  settle(operation: RunningOperation, outcome: OperationOutcome, nowMs: number): boolean {
    const edge = this.find(operation.workloadId, operation.service);
    if (edge === undefined) return false;
    const { failed, actualLoad: needed } = outcome;
    return endOperation(operationsOf(edge), edge.load, operation.id, { failed, needed }, nowMs);
  }

  /** What was counted so far; to be taken once a tick. */
  frame(now: Moment): TelemetryFrame {
    const before = this.#lastFrame;
    this.#lastFrame = now;
    this.#frames += 1;
    return {
      mesh: this.#mesh,
      node: LOCAL_NODE,
      instance: LOCAL_NODE,
      seq: this.#frames,
      startMs: before.wallMs,
      endMs: now.wallMs,
      durationMs: now.nowMs - before.nowMs,
      edges: [...this.#edges.values()].map((edge) => edgeCounters(edge, now.nowMs)),
      leaseSeq: this.#leaseSeq,
      part: 0,
      parts: 1,
    };
  }

  #followPlan(plan: CapacityPlan): void {
    for (const { workload, service, breaker } of plan.services.flatMap(({ edges }) => edges)) {
      const edge = this.find(workload, service);
      if (edge !== undefined) edge.maxRequests = breaker?.maxRequests ?? Number.POSITIVE_INFINITY;
    }
  }

  #followLease({ edges, seq }: LeasePlan, nowMs: number): void {
    this.#leaseSeq = seq;
    for (const slice of edges) {
      const edge = this.find(slice.workload, slice.service);
      if (edge === undefined) continue;
      leaseEdge(edge, slice, true, nowMs);
      renewOverlay(edge.overlay, leasedOverlay(slice), nowMs);
    }
  }
}

/** One edge per budget line that entitles. */
function localEdges(config: MeshConfig, nowMs: number): Map<EdgeKey, EdgeRecord> {
  const edges = new Map<EdgeKey, EdgeRecord>();
  for (const { budget } of [...edgesByService({ config }).values()].flat()) {
    const { workload, service } = budget;
    edges.set(edgeKey(workload, service), createEdgeRecord(workload, service, nowMs));
  }
  return edges;
}

/** When asking again makes sense; `null` = the reason says nothing about it. */
function pauseMs(
  edge: EdgeRecord,
  share: TokenShare | null,
  estimate: LoadEstimate,
  reason: RefusalReason,
  nowMs: number,
): number | null {
  if (reason === 'budget-exhausted') return explainExhaustion(edge, share, nowMs).retryAfterMs;
  if (reason !== 'load-exhausted' || edge.load === null) return null;
  const waitMs = loadRetryAfterMs(edge.load, estimate, nowMs);
  return Number.isFinite(waitMs) ? Math.min(RETRY_AFTER_MAX_MS, waitMs) : null;
}
