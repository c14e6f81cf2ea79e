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
import { CONTROL_PERIOD_SEC, MIN_ATTEMPTS_FOR_RETRIES, type UvEdge, uvGate } from '../gates/uv.ts';
import { largest } from '../gates/verdict.ts';
import type { GateSettings } from '../mesh/mesh-config.ts';
import { callsOf } from '../substrate/edge-delta.ts';
import { WINDOW_TICKS } from '../substrate/edge-window.ts';
import { type LogSums, varianceLog } from '../substrate/latency-model.ts';
import { attemptsAimed } from '../substrate/window-sums.ts';
import type { EdgeState } from './edge-state.ts';
import { judgeGluing } from './judge-gluing.ts';
import { judgeIsolation } from './judge-isolation.ts';
import type { MeasuredMesh } from './measure-mesh.ts';
import { ScratchList } from './scratch-list.ts';
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

/** What the gates of one service after the other are handed. */
export class JudgeScratch {
  readonly cells = new ScratchList<Writable<NamedCell>>(() => ({
    name: '',
    count: 0,
    meanLog: 0,
    expectedMeanLog: 0,
    varianceLog: 0,
  }));
  readonly edges = new ScratchList<Writable<UvEdge>>(() => ({
    name: '',
    admittedLevelMax: 0,
    burst: null,
    attempts: 0,
    retries: 0,
  }));
}

type NamedCell = FitLatencyInput['cells'][number];
type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

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
  scratch: JudgeScratch,
): JudgedService {
  const { fit, answersNeeded } = judgeFit(settings.fitThreshold, service, measured, live.geo, scratch);
  return { fit, answersNeeded, uv: judgeUv(settings, service, measured, live.int ?? 1, scratch) };
}

/** Gluing and isolation of one service: in a large mesh services take turns. */
export function compareService(
  settings: GateSettings,
  service: ServiceState,
  live: CapacityVector,
  { lag, plans }: MeasuredMesh,
): { readonly gluing: GateVerdict; readonly isolation: GateVerdict } {
  return {
    gluing: judgeGluing({ edges: service.edges.budgeted, lag, k: settings.gluingK, geo: live.geo }),
    isolation: judgeIsolation(settings.isolationEps, service, plans.get(service.service), live),
  };
}

function judgeFit(
  setting: number,
  service: ServiceState,
  { services, windows }: MeasuredMesh,
  geo: number | null,
  { cells }: JudgeScratch,
): Pick<JudgedService, 'fit' | 'answersNeeded'> {
  const edges = service.edges.budgeted;
  const { attempts } = windows.of(service);
  const drift = driftInput(service, windows);
  // Without a model only the overload part is known: it tells a held failure that its cause is gone.
  if (service.learnedSec < MODEL_MIN_SEC && attempts > 0 && !drift.trimming) {
    return { fit: withoutModel(drift), answersNeeded: null };
  }
  const threshold = fitThreshold(setting, geo);
  const loadRps = rateOf(windows.of(service));
  const latency = latencyInput(edges, loadRps, ({ sums }) => sums, cells);
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
  const spread = recovering ? latencyInput(edges, loadRps, ({ window }) => window.sums(WINDOW_TICKS), cells) : latency;
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
  const modelled = edges.filter((edge) => edge.model.requests > 0 && services.has(edge.workload));
  if (modelled.length === 0) return { rate: null };
  const ticks = windows.of(service).ticks;
  const requests = modelled.map((edge) => windows.handled(edge.workload, ticks));
  const expected = modelled.map(({ model }, i) => model.expectedCalls(at(requests, i)));
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
  cells: JudgeScratch['cells'],
): FitLatencyInput {
  let [size, answers, logSum] = [0, 0, 0];
  for (const edge of edges) {
    const { latency } = edge;
    const sums = sumsOf(edge);
    if (sums.answers === 0) continue;
    answers += sums.answers;
    logSum += sums.logSum;
    const expectedMeanLog = latency.expected(loadRps);
    if (expectedMeanLog === null) continue;
    const cell = cells.at(size++);
    cell.name = edge.key;
    cell.count = sums.answers;
    cell.meanLog = sums.logSum / sums.answers;
    cell.expectedMeanLog = expectedMeanLog;
    cell.varianceLog = SKEW * varianceLog(sums) * latency.dispersion;
  }
  // The geometric mean stands for the median.
  return { cells: cells.first(size), medianMs: answers > 0 ? Math.exp(logSum / answers) : null };
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
  { plans, windows }: MeasuredMesh,
  coupling: number,
  { edges: judged }: JudgeScratch,
): GateVerdict {
  const edges = service.edges.budgeted;
  const planned = plans.get(service.service)?.edges ?? [];
  for (let i = 0; i < edges.length; i++) {
    const { key, sums } = at(edges, i);
    // Nearly always in the same order.
    const plan = planned[i]?.key === key ? planned[i] : planned.find((edge) => edge.key === key);
    const edge = judged.at(i);
    edge.name = key;
    edge.admittedLevelMax = sums.admittedLevelMax;
    edge.burst = burstOf(settings, plan);
    edge.attempts = attemptsAimed(sums);
    edge.retries = sums.retries;
  }
  return uvGate({
    edges: judged.first(edges.length),
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
