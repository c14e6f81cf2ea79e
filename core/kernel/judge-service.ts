import type { EdgePlan } from '../allocators/capacity-plan.ts';
import { at } from '../at.ts';
import type { CapacityVector } from '../capacity/capacity-vector.ts';
import { errorDrift } from '../gates/error-drift.ts';
import {
  type DriftInput,
  FIT_Z,
  type FitInput,
  type FitLatencyInput,
  fitGate,
  fitThreshold,
  latencyMassNeeded,
  withoutModel,
} from '../gates/fit.ts';
import { fitRate } from '../gates/fit-rate.ts';
import type { GateName, GateVerdict } from '../gates/gate-state.ts';
import { CONTROL_PERIOD_SEC, MIN_ATTEMPTS_FOR_RETRIES, uvGate } from '../gates/uv.ts';
import { largest } from '../gates/verdict.ts';
import type { GateSettings } from '../mesh/mesh-config.ts';
import { attemptsAimed, WINDOW_TICKS } from '../substrate/edge-window.ts';
import { type LogSums, varianceLog } from '../substrate/latency-model.ts';
import { callsOf, type EdgeState, expectedCalls } from './edge-state.ts';
import { judgeGluing } from './judge-gluing.ts';
import { judgeIsolation } from './judge-isolation.ts';
import type { MeasuredMesh } from './measure-mesh.ts';
import type { ServiceState } from './service-state.ts';
import { type MeshWindows, rateOf } from './windows.ts';

/** Nothing is judged against a model younger than this. */
export const MODEL_MIN_SEC = 3 * CONTROL_PERIOD_SEC;
/** Error rate that is granted even where none was learned. */
const BASELINE_ERROR_MIN = 0.001;
/** Limit above guarantee by more than this: the edge uses what others lend, its burst is not bounded by σ. */
const BORROWED_RATIO = 1.01;
const MAX_CONGESTION = 1000;
/** The mean of a queue's latency strays further upwards than a normal one; as a factor on its variance (decision 10). */
const SKEW = 1.5;

/** Gates that were judged in this tick. */
export type ServiceVerdicts = Partial<Record<GateName, GateVerdict>>;

/** The gates that are judged in every tick. */
export interface JudgedService {
  readonly fit: GateVerdict;
  readonly uv: GateVerdict;
  /** Answers that noise cannot fail the latency part of fit with; `null` = it was not judged. */
  readonly answersNeeded: number | null;
}

/**
 * Fit and UV of one service over its windows, before hysteresis.
 *
 * @param live C of the scope, which thresholds follow
 */
export function judgeService(
  settings: GateSettings,
  service: ServiceState,
  live: CapacityVector,
  measured: MeasuredMesh,
): JudgedService {
  const edges = budgetedEdges(service);
  return {
    ...judgeFit(settings.fitThreshold, service, edges, measured, live.geo),
    uv: judgeUv(settings, service, edges, measured, live.int ?? 1),
  };
}

/** Gluing and isolation of one service: in a large mesh services take turns. */
export function compareService(
  settings: GateSettings,
  service: ServiceState,
  live: CapacityVector,
  { lag, plans }: MeasuredMesh,
): { readonly gluing: GateVerdict; readonly isolation: GateVerdict } {
  const edges = budgetedEdges(service);
  return {
    gluing: judgeGluing({ edges, lag, k: settings.gluingK, geo: live.geo }),
    isolation: judgeIsolation(settings.isolationEps, service, plans.get(service.service), live),
  };
}

const budgetedEdges = ({ edges }: ServiceState): EdgeState[] =>
  [...edges.values()].filter((edge) => edge.budget !== null);

function judgeFit(
  setting: number,
  service: ServiceState,
  edges: readonly EdgeState[],
  { services, windows }: MeasuredMesh,
  geo: number | null,
): Pick<JudgedService, 'fit' | 'answersNeeded'> {
  const { attempts } = windows.of(service);
  const drift = driftInput(service, windows);
  // Without a model only the overload part is known: it tells a held failure that its cause is gone.
  if (service.learnedSec < MODEL_MIN_SEC && attempts > 0 && !drift.trimming) {
    return { fit: withoutModel(drift), answersNeeded: null };
  }
  const threshold = fitThreshold(setting, geo);
  const loadRps = rateOf(windows.of(service));
  const latency = latencyInput(edges, loadRps, ({ sums }) => sums);
  const fit = fitGate({
    ...ratePart(services, service, edges, windows, threshold),
    latency,
    errors: worstError(edges),
    drift,
    threshold,
    attempts,
  });
  // A failure goes by its newest ticks: what a longer window still holds of it would keep that window long.
  const recovering = service.gates.fit.status === 'FAIL';
  const spread = recovering ? latencyInput(edges, loadRps, ({ window }) => window.sums(WINDOW_TICKS)) : latency;
  return { fit, answersNeeded: latencyMassNeeded(spread.cells, threshold) };
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
function ratePart(
  services: ReadonlyMap<string, ServiceState>,
  service: ServiceState,
  edges: readonly EdgeState[],
  windows: MeshWindows,
  threshold: number,
): Pick<FitInput, 'rate' | 'rateWorst'> {
  const modelled = edges.filter((edge) => services.has(edge.workload) && edge.model.requests > 0);
  if (modelled.length === 0) return { rate: null };
  const ticks = windows.of(service).ticks;
  const requests = modelled.map((edge) => windows.handled(edge.workload, ticks));
  const expected = modelled.map(({ model }, i) => expectedCalls(model, at(requests, i)));
  const observed = modelled.map((edge) => callsOf(edge.sums));
  const rate = fitRate({
    observed,
    expected,
    // The learned ratio is itself an estimate from `model.requests` requests.
    modelVariance: modelled.map((edge, i) => (at(expected, i) * at(requests, i)) / edge.model.requests),
    dispersion: 1,
    threshold,
    z: FIT_Z,
  });
  const members = rate.status === 'UNKNOWN' ? [] : rate.worstMembers;
  const misfit = (i: number): number => Math.abs(at(observed, i) - at(expected, i));
  const worst = members.reduce<number | null>((a, b) => (a === null || misfit(b) > misfit(a) ? b : a), null);
  return { rate, rateWorst: worst === null ? '' : (modelled[worst]?.key ?? '') };
}

/** @param loadRps of the whole service: every caller feels the load of all */
function latencyInput(
  edges: readonly EdgeState[],
  loadRps: number,
  sumsOf: (edge: EdgeState) => LogSums,
): FitLatencyInput {
  const cells: FitLatencyInput['cells'][number][] = [];
  let [answers, logSum] = [0, 0];
  for (const edge of edges) {
    const { key, latency } = edge;
    const sums = sumsOf(edge);
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
      varianceLog: SKEW * varianceLog(sums) * latency.dispersion,
    });
  }
  // The geometric mean stands for the median.
  return { cells, medianMs: answers > 0 ? Math.exp(logSum / answers) : null };
}

function worstError(edges: readonly EdgeState[]): FitInput['errors'] {
  const judged = [{ ratio: 0, worst: '' }];
  for (const { key, sums, model } of edges) {
    const { attempts, failures } = sums;
    if (attempts < MIN_ATTEMPTS_FOR_RETRIES || failures === 0) continue;
    const learned = model.attempts > 0 ? model.failures / model.attempts : 0;
    const baselineRatio = Math.min(1, Math.max(BASELINE_ERROR_MIN, learned));
    judged.push({ ratio: errorDrift({ attempts, failures, baselineRatio, z: FIT_Z }), worst: key });
  }
  return largest(judged) ?? { ratio: 0, worst: '' };
}

function judgeUv(
  settings: GateSettings,
  service: ServiceState,
  edges: readonly EdgeState[],
  { plans, windows }: MeasuredMesh,
  coupling: number,
): GateVerdict {
  const planned = plans.get(service.service)?.edges ?? [];
  return uvGate({
    edges: edges.map((edge, i) => {
      const { admittedLevelMax, retries } = edge.sums;
      // Nearly always in the same order.
      const plan = planned[i]?.key === edge.key ? planned[i] : planned.find(({ key }) => key === edge.key);
      const burst = burstOf(settings, plan);
      return { name: edge.key, admittedLevelMax, burst, attempts: attemptsAimed(edge.sums), retries };
    }),
    amplification: windows.amplification(service.service),
    coupling,
    observedSec: service.observedSec,
    lowestHz: settings.uvLambda1Hz,
    tickSec: service.newest?.durationSec ?? 1,
  });
}

/** σ of an edge, or what a highest frequency leaves of it: f = ρ + σ/τ with τ = 0.2 s (CONTRACT §G). */
export function burstOf({ uvLambdaMaxHz }: GateSettings, plan: EdgePlan | undefined): number | null {
  if (!plan || plan.burst === null || plan.guaranteeRps === null || plan.limitRps === null) return null;
  if (plan.limitRps > BORROWED_RATIO * plan.guaranteeRps) return null;
  return uvLambdaMaxHz === null ? plan.burst : Math.max(1, 0.2 * (uvLambdaMaxHz - plan.guaranteeRps));
}
