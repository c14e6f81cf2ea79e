import type { EdgePlan, ServicePlan } from '../allocators/capacity-plan.ts';
import { liveCapacity, maxCapacity } from '../capacity/live-capacity.ts';
import { errorDrift } from '../gates/error-drift.ts';
import {
  type DriftInput,
  FIT_Z,
  type FitLatencyInput,
  fitGate,
  fitThreshold,
  latencyMassNeeded,
  withoutModel,
} from '../gates/fit.ts';
import { type FitRate, fitRate } from '../gates/fit-rate.ts';
import type { GateName, GateVerdict } from '../gates/gate-state.ts';
import type { ConfigLag } from '../gates/state-views.ts';
import { CONTROL_PERIOD_SEC, MIN_ATTEMPTS_FOR_RETRIES, uvGate } from '../gates/uv.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { varianceLog } from '../substrate/latency-model.ts';
import { callsOf, type EdgeState } from './edge-state.ts';
import { judgeGluing } from './judge-gluing.ts';
import { judgeIsolation } from './judge-isolation.ts';
import type { KernelState } from './kernel-state.ts';
import type { ServiceState } from './service-state.ts';
import { type MeshWindows, rateOf } from './windows.ts';

/** Nothing is judged against a model younger than this. */
export const MODEL_MIN_SEC = 3 * CONTROL_PERIOD_SEC;
/** Error rate that is granted even where none was learned. */
const BASELINE_ERROR_MIN = 0.001;
/** Limit above guarantee by more than this: the edge uses what others lend, its burst is not bounded by σ. */
const BORROWED_RATIO = 1.01;
const MAX_CONGESTION = 1000;

/** Gates that were judged in this tick. */
export type ServiceVerdicts = Partial<Record<GateName, GateVerdict>>;

export interface JudgedMesh {
  readonly windows: MeshWindows;
  readonly lag: ConfigLag | null;
  /** Services whose series and views are compared in this tick. */
  readonly inTurn: ReadonlySet<ServiceState>;
}

/** The gates of one service over its windows, before hysteresis. */
export function judgeService(
  state: KernelState,
  service: ServiceState,
  plan: ServicePlan | undefined,
  { windows, lag, inTurn }: JudgedMesh,
): ServiceVerdicts {
  const { config } = state;
  if (config === null) return {};
  const edges = [...service.edges.values()].filter((edge) => edge.budget !== null);
  const live = maxCapacity(
    edges.flatMap((edge) => (edge.budget ? [liveCapacity(edge.budget.vector, state.live.get(edge.workload))] : [])),
  );
  const verdicts = {
    fit: judgeFit(config, service, edges, windows, live.geo),
    uv: judgeUv(config, service, { edges, plan, coupling: live.int ?? 1 }, windows),
  };
  if (!inTurn.has(service)) return verdicts;
  return {
    ...verdicts,
    gluing: judgeGluing({ edges, lag, k: config.gates.gluingK, geo: live.geo }),
    isolation: judgeIsolation(config.gates.isolationEps, service, plan, live),
  };
}

function judgeFit(
  config: MeshConfig,
  service: ServiceState,
  edges: readonly EdgeState[],
  windows: MeshWindows,
  geo: number | null,
): GateVerdict {
  const { attempts } = windows.of(service);
  const drift = driftInput(service, windows);
  // Without a model only the overload part is known: it tells a held failure that its cause is gone.
  if (service.learnedSec < MODEL_MIN_SEC && attempts > 0 && !drift.trimming) return withoutModel(drift);
  const threshold = fitThreshold(config.gates.fitThreshold, geo);
  const latency = latencyInput(edges, rateOf(windows.of(service)));
  service.answersNeeded = latencyMassNeeded(latency.cells, threshold);
  return fitGate({
    rate: rateResult(config, service, edges, windows, threshold),
    latency,
    errors: worstError(edges),
    drift,
    threshold,
    attempts,
  });
}

/**
 * Congestion by the rate of attempts: calls in flight over what they would hold
 * at base latency, Poisson noise granted. Both are means over the window: a queue
 * that a burst leaves behind for a moment breaks no promise.
 */
function driftInput(service: ServiceState, windows: MeshWindows): DriftInput {
  const { controller } = service;
  const trimming = controller.mode === 'trim';
  const window = windows.of(service);
  const { inFlight } = window;
  const rateRps = trimming ? controller.capacityRps : rateOf(window);
  const emptyQueue = rateRps * controller.baselineSec;
  const congestion = emptyQueue > 0 ? Math.min(MAX_CONGESTION, inFlight / emptyQueue) : 0;
  const noise = 3 * Math.sqrt(Math.max(1, emptyQueue));
  const real = inFlight > emptyQueue + noise;
  return { congestion: real ? congestion : Math.min(congestion, 1), evidence: controller.evidence, trimming };
}

/** Calls on the edges whose caller is a service, against what it makes per request that it handles (MATHS §B1). */
function rateResult(
  config: MeshConfig,
  service: ServiceState,
  edges: readonly EdgeState[],
  windows: MeshWindows,
  threshold: number,
): FitRate | null {
  const modelled = edges.filter((edge) => config.services.has(edge.workload) && edge.model.requests > 0);
  if (modelled.length === 0) return null;
  const ticks = windows.of(service).ticks;
  const requests = modelled.map((edge) => windows.handled(edge.workload, ticks));
  const expected = modelled.map((edge, i) => ((requests[i] ?? 0) * edge.model.calls) / edge.model.requests);
  return fitRate({
    observed: modelled.map((edge) => callsOf(edge.sums)),
    expected,
    // The learned ratio is itself an estimate from `model.requests` requests.
    modelVariance: modelled.map((edge, i) => ((expected[i] ?? 0) * (requests[i] ?? 0)) / edge.model.requests),
    dispersion: 1,
    threshold,
    z: FIT_Z,
  });
}

/** @param loadRps of the whole service: every caller feels the load of all */
function latencyInput(edges: readonly EdgeState[], loadRps: number): FitLatencyInput {
  const cells: FitLatencyInput['cells'][number][] = [];
  let [answers, logSum] = [0, 0];
  for (const { key, sums, latency } of edges) {
    if (sums.answers === 0) continue;
    answers += sums.answers;
    logSum += sums.logSum;
    const expectedMeanLog = latency.expected(loadRps);
    if (expectedMeanLog === null) continue;
    cells.push({
      name: key,
      count: sums.answers,
      meanLog: sums.logSum / sums.answers,
      expectedMeanLog,
      varianceLog: varianceLog(sums) * latency.dispersion,
    });
  }
  // The geometric mean stands for the median.
  return { cells, medianMs: answers > 0 ? Math.exp(logSum / answers) : null };
}

function worstError(edges: readonly EdgeState[]): { ratio: number; worst: string } {
  let worst = { ratio: 0, worst: '' };
  for (const edge of edges) {
    const { attempts, failures } = edge.sums;
    if (attempts < MIN_ATTEMPTS_FOR_RETRIES) continue;
    const learned = edge.model.attempts > 0 ? edge.model.failures / edge.model.attempts : 0;
    const baselineRatio = Math.min(1, Math.max(BASELINE_ERROR_MIN, learned));
    const ratio = errorDrift({ attempts, failures, baselineRatio, z: FIT_Z });
    if (!(ratio <= worst.ratio)) worst = { ratio, worst: edge.key };
  }
  return worst;
}

interface UvScope {
  readonly edges: readonly EdgeState[];
  readonly plan: ServicePlan | undefined;
  readonly coupling: number;
}

function judgeUv(config: MeshConfig, service: ServiceState, scope: UvScope, windows: MeshWindows): GateVerdict {
  const plans = new Map(scope.plan?.edges.map((edge) => [edge.workload, edge]));
  return uvGate({
    edges: scope.edges.map((edge) => {
      const { admittedLevelMax, attempts, retries } = edge.sums;
      return { name: edge.key, admittedLevelMax, burst: burstOf(config, plans.get(edge.workload)), attempts, retries };
    }),
    amplification: windows.amplification(service.service),
    coupling: scope.coupling,
    observedSec: service.observedSec,
    lowestHz: config.gates.uvLambda1Hz,
    tickSec: service.newest?.durationSec ?? 1,
  });
}

/** σ of an edge, or what a highest frequency leaves of it: f = ρ + σ/τ with τ = 0.2 s (CONTRACT §G). */
function burstOf(config: MeshConfig, plan: EdgePlan | undefined): number | null {
  if (!plan || plan.burst === null || plan.guaranteeRps === null || plan.limitRps === null) return null;
  if (plan.limitRps > BORROWED_RATIO * plan.guaranteeRps) return null;
  const { uvLambdaMaxHz } = config.gates;
  return uvLambdaMaxHz === null ? plan.burst : Math.max(1, 0.2 * (uvLambdaMaxHz - plan.guaranteeRps));
}
