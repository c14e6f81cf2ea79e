import { admissionFigures } from '../admission/admission-figures.ts';
import type { EdgePlan } from '../allocators/capacity-plan.ts';
import { allPass } from '../gates/all-pass.ts';
import type { GateName, GateState, GateVerdict } from '../gates/gate-state.ts';
import type { EdgeDelta } from '../substrate/edge-delta.ts';
import { countAnswers, latencyQuantileMs } from '../substrate/latency-buckets.ts';
import type { EdgeState } from './edge-state.ts';
import type { KernelState } from './kernel-state.ts';
import { latestOutcomes } from './latest-outcomes.ts';
import type { EdgeView, MeshView, ServiceView } from './mesh-view.ts';
import type { ServiceState } from './service-state.ts';

/** What the kernel knows now. Changes nothing. */
export function viewOf(state: KernelState, nowMs: number): MeshView {
  const services = [...state.services.values()].map((service) => viewService(service, state, nowMs));
  return {
    mesh: state.config?.mesh ?? '',
    stability: stabilityOf(services),
    services,
    edges: viewEdges(state),
    nodes: [...state.nodes.values()].map(({ telemetry }) => ({
      node: telemetry.node,
      frameAgeMs: Math.max(0, nowMs - telemetry.lastFrameMs),
      leaseSeq: telemetry.leaseSeq,
    })),
    actions: [...state.services.values()].flatMap(({ service, action, actions }) =>
      [...(action ? [action] : []), ...actions.running].map(({ record }) => ({ ...record, service })),
    ),
    control: state.control,
    admission: admissionFigures(state.admissions),
    latestOutcomes: latestOutcomes(state.admissions, nowMs),
  };
}

function stabilityOf(services: readonly ServiceView[]): MeshView['stability'] {
  if (services.every(({ gates }) => allPass(gates))) return 'stable';
  const failing = services.some(({ gates }) => Object.values(gates).some(({ status }) => status === 'FAIL'));
  return failing ? 'unstable' : 'degraded';
}

function viewService(service: ServiceState, { config }: KernelState, nowMs: number): ServiceView {
  const declared = config?.services.get(service.service)?.capacity;
  const { controller, newest } = service;
  return {
    service: service.service,
    gates: viewGates(service, nowMs),
    capacityRps: declared?.rps ?? null,
    capacityConcurrency: declared?.concurrency ?? null,
    foundCapacityRps: controller.mode === 'trim' ? controller.capacityRps : null,
    concurrencyLimit: service.plannedLimit ?? Math.ceil(controller.limit),
    controllerMode: controller.mode,
    inFlight: newest?.inFlight ?? 0,
    baselineLatencyMs: 1000 * controller.baselineSec,
    goodputRps: newest ? newest.answers / newest.durationSec : 0,
  };
}

/** A verdict from before a restart says so, and how old its data is. */
function viewGates({ gates, restored }: ServiceState, nowMs: number): GateState {
  if (restored.size === 0) return gates;
  const seen: Record<GateName, GateVerdict> = { ...gates };
  for (const [gate, judgedMs] of restored) {
    const verdict = gates[gate];
    const restoredAgeSec = Math.max(0, nowMs - judgedMs) / 1000;
    seen[gate] = {
      ...verdict,
      reason: verdict.reason === '' ? 'restored' : verdict.reason,
      evidence: { ...verdict.evidence, restoredAgeSec },
    };
  }
  return seen;
}

function viewEdges(state: KernelState): EdgeView[] {
  return (state.plan?.services ?? []).flatMap((service) => {
    const edges = state.services.get(service.service)?.edges;
    return service.edges.map((plan) => viewEdge(plan, edges?.get(plan.key)));
  });
}

function viewEdge(plan: EdgePlan, edge: EdgeState | undefined): EdgeView {
  const newest: EdgeDelta | null = edge?.newest ?? null;
  const perSec = (count: number): number => (edge && edge.newestSec > 0 ? count / edge.newestSec : 0);
  const buckets = newest?.latencyBuckets ?? [];
  const refused = { ...newest?.refused };
  if (newest && newest.breakerRefused > 0) refused['breaker-open'] = newest.breakerRefused;
  return {
    workload: plan.workload,
    service: plan.service,
    tenant: plan.tenant,
    seriesPerTenant: plan.observation.seriesPerTenant,
    budget: plan.budget,
    guaranteeRps: plan.guaranteeRps,
    limitRps: plan.limitRps,
    maxRequests: plan.breaker?.maxRequests ?? null,
    offeredRps: perSec(newest?.offered ?? 0),
    admittedRps: perSec(newest?.admitted ?? 0),
    refusedRps: Object.fromEntries(Object.entries(refused).map(([reason, count]) => [reason, perSec(count)])),
    goodputRps: perSec(countAnswers(buckets)),
    latencyP50Ms: latencyQuantileMs(buckets, 0.5),
    latencyP99Ms: latencyQuantileMs(buckets, 0.99),
  };
}
