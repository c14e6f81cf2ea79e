import { at } from '../at.ts';
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
import type { GateVerdict } from '../gates/gate-state.ts';
import { CONTROL_PERIOD_SEC, MIN_ATTEMPTS_FOR_RETRIES } from '../gates/uv.ts';
import { largest } from '../gates/verdict.ts';
import { callsOf } from '../substrate/edge-delta.ts';
import { WINDOW_TICKS } from '../substrate/edge-window.ts';
import { varianceLog } from '../substrate/latency-model.ts';
import { EdgeSums } from '../substrate/window-sums.ts';
import type { Writable } from '../writable.ts';
import type { EdgeState } from './edge-state.ts';
import type { MeasuredMesh } from './measure-mesh.ts';
import { ScratchList } from './scratch-list.ts';
import type { ServiceState } from './service-state.ts';
import { type MeshWindows, rateOf } from './windows.ts';

/** Nothing is judged against a model younger than this. */
const MODEL_MIN_SEC = 3 * CONTROL_PERIOD_SEC;
/** Error rate that is granted even where none was learned. */
const BASELINE_ERROR_MIN = 0.001;
const MAX_CONGESTION = 1000;
/** The mean of a queue's latency strays further upwards than a normal one; as a factor on its variance (decision 10). */
const SKEW = 1.5;

export interface JudgedFit {
  readonly fit: GateVerdict;
  /** Answers that noise cannot fail the latency part of fit with; `null` = it was not judged. */
  readonly answersNeeded: number | null;
}

type NamedCell = FitLatencyInput['cells'][number];

/** Room for what the gate is handed of one service after the other. */
export class FitScratch {
  readonly cells = new ScratchList<Writable<NamedCell>>(() => ({
    name: '',
    count: Number.NaN,
    meanLog: Number.NaN,
    expectedMeanLog: Number.NaN,
    varianceLog: Number.NaN,
  }));
  readonly sums = new EdgeSums();
}

/** Does a service behave as its model says, over its window and before hysteresis? (MATHS §B1) */
export function judgeFit(
  setting: number,
  service: ServiceState,
  { services, windows }: MeasuredMesh,
  geo: number | null,
  scratch: FitScratch,
): JudgedFit {
  const edges = service.edges.budgeted;
  const { attempts } = windows.of(service);
  const drift = driftInput(service, windows);
  // Without a model only the overload part is known: it tells a held failure that its cause is gone.
  if (service.learnedSec < MODEL_MIN_SEC && attempts > 0 && !drift.trimming) {
    return { fit: withoutModel(drift), answersNeeded: null };
  }
  const threshold = fitThreshold(setting, geo);
  const loadRps = rateOf(windows.of(service));
  const latency = latencyInput(edges, loadRps, ({ sums }) => sums, scratch);
  const { rate, rateWorst } = ratePart(services, service, edges, windows, threshold);
  const fit = fitGate({
    rate,
    rateWorst,
    latency,
    errors: worstError(edges),
    drift,
    threshold,
    attempts,
  });
  // A failure goes by its newest ticks: what a longer window still holds of it would keep that window long.
  const recovering = service.gates.fit.status === 'FAIL';
  const newest = ({ window }: EdgeState): EdgeSums => window.sumInto(scratch.sums, WINDOW_TICKS);
  const spread = recovering ? latencyInput(edges, loadRps, newest, scratch) : latency;
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
): Required<Pick<FitInput, 'rate' | 'rateWorst'>> {
  const modelled = edges.filter((edge) => edge.model.requests > 0 && services.has(edge.workload));
  if (modelled.length === 0) return { rate: null, rateWorst: '' };
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
  sumsOf: (edge: EdgeState) => EdgeSums,
  { cells }: FitScratch,
): FitLatencyInput {
  let size = 0;
  let answers = 0;
  let logSum = 0;
  for (const edge of edges) {
    const sums = sumsOf(edge);
    if (sums.answers === 0) continue;
    answers += sums.answers;
    logSum += sums.logSum;
    const expectedMeanLog = edge.latency.expected(loadRps);
    if (expectedMeanLog !== null) enterCell(cells.at(size++), edge, sums, expectedMeanLog);
  }
  // The geometric mean stands for the median.
  return { cells: cells.first(size), medianMs: answers > 0 ? Math.exp(logSum / answers) : null };
}

function enterCell(
  cell: Writable<NamedCell>,
  { key, latency }: EdgeState,
  sums: EdgeSums,
  expectedMeanLog: number,
): void {
  const { answers } = sums;
  cell.name = key;
  cell.count = answers;
  cell.meanLog = sums.logSum / answers;
  cell.expectedMeanLog = expectedMeanLog;
  cell.varianceLog = SKEW * varianceLog(sums) * latency.dispersion;
}

const NO_ERRORS: FitInput['errors'] = { ratio: 0, worst: '' };

function worstError(edges: readonly EdgeState[]): FitInput['errors'] {
  const judged = [NO_ERRORS];
  for (const { key, sums, model } of edges) {
    const { failures, attempts } = sums;
    if (failures === 0 || attempts < MIN_ATTEMPTS_FOR_RETRIES) continue;
    const learned = model.attempts > 0 ? model.failures / model.attempts : 0;
    const baselineRatio = Math.min(1, Math.max(BASELINE_ERROR_MIN, learned));
    judged.push({ ratio: errorDrift({ attempts, failures, baselineRatio, z: FIT_Z }), worst: key });
  }
  return largest(judged) ?? NO_ERRORS;
}
