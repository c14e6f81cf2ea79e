import { errorLog, fitLatency, type LatencyCell } from './fit-latency.ts';
import type { FitRate } from './fit-rate.ts';
import type { GateVerdict } from './gate-state.ts';
import { isAmount, isPositive } from './usable-number.ts';
import { combine, judge, notApplicable, unknown } from './verdict.ts';

/** Standard errors that noise is granted in the rate and latency parts (CONTRACT §G). */
export const FIT_Z = 8;
/** Envoy's histograms resolve 1 ms: below this median the latency part informs but does not gate. */
export const MIN_GATED_MEDIAN_MS = 2;
/** Congestion ratio at which the latency promise of a service is broken (CONTROL, amendment B1b). */
export const CONGESTION_LIMIT = 3;

export interface FitInput {
  /** Share of traffic between services; `null` = no caller of this service is a service itself. */
  readonly rate: FitRate | null;
  /** The edge that contributes most to it; empty = none is known. */
  readonly rateWorst?: string;
  readonly latency: FitLatencyInput;
  /** u_err and the edge that it is largest on. */
  readonly errors: { readonly ratio: number; readonly worst: string };
  readonly drift: DriftInput;
  /** ε_fit. */
  readonly threshold: number;
  readonly attempts: number;
}

export interface FitLatencyInput {
  readonly cells: readonly (LatencyCell & { readonly name: string })[];
  /** Of all answers, also those on edges whose latency at this load is not known yet and that have no cell. */
  readonly medianMs: number | null;
}

export interface DriftInput {
  /** Calls in flight over what an empty queue would hold, x·r0. */
  readonly congestion: number;
  /** z of the overload controller. */
  readonly evidence: number;
  readonly trimming: boolean;
}

/** ε_fit = threshold·(1 − 0.5·C_geo); a null level counts as 0 (MATHS §B1, CONTRACT §C). */
export const fitThreshold = (setting: number, geo: number | null): number => setting * (1 - 0.5 * (geo ?? 0));

/** Is the service behaving as its model says? The largest of rate, latency, error and overload parts (MATHS §B1, B1b). */
export function fitGate(input: FitInput): GateVerdict {
  const drift = driftPart(input.drift);
  if (input.attempts === 0 && drift.status !== 'FAIL') return unknown('no-traffic', drift.evidence);
  const parts = [
    ratePart(input.rate, input.rateWorst ?? ''),
    latencyPart(input.latency, input.threshold),
    judge(input.errors.ratio, { worst: input.errors.worst, evidence: { u_err: input.errors.ratio } }),
    drift,
  ];
  if (!(isAmount(input.attempts) && isPositive(input.threshold))) parts.push(unknown('nonfinite'));
  return combine(parts);
}

/** UNKNOWN for want of a model, with the ratio of the part that needs none. */
export function withoutModel(drift: DriftInput): GateVerdict {
  const { ratio, evidence } = driftPart(drift);
  return { ...unknown('warmup', evidence), ratio };
}

function ratePart(rate: FitRate | null, worst: string): GateVerdict {
  if (rate === null) return notApplicable('ingress-only');
  const evidence = { fit_rate_mass: rate.mass, fit_rate_mass_needed: rate.massNeeded };
  if (rate.status === 'UNKNOWN') return unknown(rate.reason, evidence);
  return judge(rate.ratio, { worst: rate.value > 0 ? worst : '', evidence: { ...evidence, fit_rate: rate.value } });
}

function latencyPart({ cells, medianMs }: FitLatencyInput, threshold: number): GateVerdict {
  if (!cells.every(isUsable) || !isAmount(medianMs ?? 0)) return unknown('nonfinite');
  let total = 0;
  for (const { count } of cells) total += count;
  // Answers, but none at a load that the model knows.
  if (total === 0) return medianMs === null ? unknown('warmup') : notApplicable('low-confidence');
  const value = fitLatency(cells, slowerLog);
  if (!Number.isFinite(value)) return unknown('nonfinite');
  const evidence = { fit_lat: value };
  if (medianMs !== null && medianMs < MIN_GATED_MEDIAN_MS) {
    return notApplicable('low-confidence', evidence);
  }
  // With few answers only what noise cannot explain is an error; that there is none cannot be said.
  const isResolved = total >= latencyMassNeeded(cells, threshold) || total >= latencyMassNeeded(cells, value);
  if (!isResolved) return unknown('insufficient_mass', evidence);
  return judge(value / threshold, { worst: worstCell(cells), evidence });
}

const isUsable = ({ count, meanLog, expectedMeanLog, varianceLog }: LatencyCell): boolean =>
  count === 0 || (isAmount(count) && isAmount(varianceLog) && Number.isFinite(meanLog - expectedMeanLog));

/** Answers that are faster than expected break no promise: only slower ones are an error (decision 7). */
const slowerLog = (cell: LatencyCell): number => Math.max(0, errorLog(cell));

/**
 * Answers below which noise alone could make the latency part as large as this.
 * Its statistic has the standard deviation √(2Σs⁴)/n, which must stay below ε²/z.
 */
export function latencyMassNeeded(cells: readonly LatencyCell[], size: number): number {
  let spread = 0;
  for (const { varianceLog } of cells) spread += varianceLog ** 2;
  return (FIT_Z * Math.sqrt(2 * spread)) / size ** 2;
}

function worstCell(cells: FitLatencyInput['cells']): string {
  let worst = '';
  let largest = -1;
  for (const cell of cells) {
    const weight = cell.count * slowerLog(cell) ** 2;
    if (weight > largest) {
      largest = weight;
      worst = cell.name;
    }
  }
  return worst;
}

/**
 * u_drift = congestion / 3. While the controller trims, the service is overloaded
 * and held: the ratio is then above 1, and at least 2 with full evidence, so that
 * it fails in one tick. While it is open, a full guard alone fails nothing:
 * congestion counts from the limit on and is mere evidence below it.
 */
function driftPart({ congestion, evidence, trimming }: DriftInput): GateVerdict {
  if (!(congestion >= 0) || !isAmount(evidence)) return unknown('nonfinite');
  const drift = congestion / CONGESTION_LIMIT;
  const open = drift <= 1 ? 0 : drift;
  const held = Math.max(drift, 1 + Math.max(evidence, Number.EPSILON));
  return judge(trimming ? held : open, { evidence: { u_drift: drift, overload: evidence } });
}
