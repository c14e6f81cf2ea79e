import { cautionAt } from '../admission/admission-caution.ts';
import type { AdmissionScene, EdgeScene, PoolScene } from '../admission/admission-scene.ts';
import type { EdgePlan, ServicePlan } from '../allocators/capacity-plan.ts';
import { type CapacityVector, UNLIMITED } from '../capacity/capacity-vector.ts';
import { burstRatio } from '../gates/burst-level.ts';
import type { EdgeKey, GateSettings } from '../mesh/mesh-config.ts';
import { DEFAULT_GATES } from '../mesh/mesh-defaults.ts';
import type { LatencyCurve } from '../substrate/latency-model.ts';
import { capacityInScope } from './capacity-in-scope.ts';
import type { EdgeState } from './edge-state.ts';
import { burstOf } from './judge-uv.ts';
import type { KernelState } from './kernel-state.ts';
import type { ServiceState } from './service-state.ts';

/** What admission and what-if are decided by now; holds until the next event. Changes nothing; its cost grows with the edges. */
export function admissionSceneOf(state: KernelState): AdmissionScene {
  const settings = state.config?.gates ?? DEFAULT_GATES;
  const plans = new Map(state.plan?.services.map((plan) => [plan.service, plan]));
  const pools = [...state.services.values()].map((service): [string, PoolScene] => [
    service.service,
    poolOf(state, service, plans.get(service.service), settings),
  ]);
  return { pools: new Map(pools), caution: cautionAt(state.admissions.cautionLevel) };
}

function poolOf(
  state: KernelState,
  service: ServiceState,
  plan: ServicePlan | undefined,
  settings: GateSettings,
): PoolScene {
  const planned = new Map(plan?.edges.map((edge) => [edge.workload, edge]));
  const edges = [...service.edges.values()];
  let live: CapacityVector | undefined;
  let curves: readonly LatencyCurve[] | undefined;
  const budgeted = edges.filter(({ budget }) => budget !== null);
  return {
    service: service.service,
    gates: service.gates,
    capacityRps: plan?.capacityRps ?? null,
    baselineSec: service.controller.baselineSec,
    loadRps: edges.reduce((sum, edge) => sum + loadOf(edge), 0),
    get live() {
      live ??= capacityInScope([service], state.live);
      return live;
    },
    isolationEps: settings.isolationEps,
    // Looked at for few services of many, so that it is computed when it is asked for.
    get curves() {
      curves ??= budgeted.map(({ latency }) => latency.curve()).filter((curve) => curve !== null);
      return curves;
    },
    edges: new Map(
      budgeted.map((edge): [EdgeKey, EdgeScene] => [
        edge.key,
        edgeOf(edge, planned.get(edge.workload), settings, state.services.has(edge.workload)),
      ]),
    ),
  };
}

function edgeOf(
  edge: EdgeState,
  plan: EdgePlan | undefined,
  settings: GateSettings,
  callerIsService: boolean,
): EdgeScene {
  const { key, workload, service, tenant, budget, model, sums } = edge;
  const burst = burstOf(settings, plan);
  return {
    key,
    workload,
    service,
    tenant,
    budget: budget?.vector ?? UNLIMITED,
    loadRps: loadOf(edge),
    guaranteeRps: plan?.guaranteeRps ?? null,
    callsPerRequest: callerIsService && model.requests > 0 ? model.calls / model.requests : null,
    burstRatio: burst === null ? null : burstRatio(sums.admittedLevelMax, burst),
  };
}

/** Attempts per second over the window of the service. */
const loadOf = ({ sums }: EdgeState): number => (sums.durationSec > 0 ? sums.attempts / sums.durationSec : 0);
