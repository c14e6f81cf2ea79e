import { at } from '../at.ts';
import type { CapacityVector } from '../capacity/capacity-vector.ts';
import { fitThreshold } from '../gates/fit.ts';
import { mean } from '../numeric/statistics.ts';
import type { SpectralMeasure } from '../substrate/heat-trace.ts';
import { checkCapacity } from './capacity.ts';
import { modeCount, spectrumScalars } from './spectrum-scalars.ts';

/** k of the gluing bound k/√N; the reference's template has 1, all else 2 (MATHS §A10 b7). */
export const GLUING_K = 2;
/** Largest tolerated leak of the other axes into the geometric sector (MATHS §A7 i). */
export const ISOLATION_THRESHOLD = 0.15;
/** ε of the fit where only d_s is compared. */
const DIMENSION_TOLERANCE = 2;
const FIT_THRESHOLD = 0.25;
/** Modes per dimension that the reference assumes of an empty spectrum. */
const ASSUMED_MODES = 100;

/** Whether the reference's faults are reproduced (MATHS §A10); false = the sound form. */
export interface Parity {
  readonly parity?: boolean;
}

export interface MetricInput extends Parity {
  /** Of the unfiltered operator; masses are multiplicities. */
  readonly spectrum: SpectralMeasure;
  /** D. */
  readonly dims: number;
  readonly capacity: CapacityVector;
  /** ln P by scale: all weights 1, and with the weights of C. `null` = not measured. */
  readonly correlators: { readonly full: readonly number[]; readonly filtered: readonly number[] } | null;
  /** d_s by scale, compared with C_geo·D where there are no correlators. */
  readonly dimensions: readonly number[] | null;
}

/** What the step-2 gates judge, all dimensionless but λ. `null` = nothing measured it. */
export interface GateMetrics {
  /** N_geo: modes of the spectrum. */
  readonly modes: number;
  readonly lambda1: number;
  readonly lambdaMax: number;
  readonly lambdaInt: number | null;
  readonly deltaLambda: number | null;
  readonly uvMaxLambda1: number | null;
  readonly uvMaxLambdaInt: number | null;
  /** √(mean over scales of (ln P_full − ln P_filtered)²). */
  readonly fitError: number | null;
  readonly fitErrorMax: number | null;
  /** ε_fit. */
  readonly fitThreshold: number;
  readonly overlapDelta: number | null;
  readonly gluingK: number;
  readonly isolation: number | null;
  readonly isolationThreshold: number;
}

/**
 * Metrics of the step-2 gates from a spectrum and its correlators (MATHS §A7 i).
 *
 * Sound form: the fit error is measured, against ε_fit = 0.25·(1 − C_geo/2), which
 * tightens with capacity as the platform's kernel has it (A10 b5); gluing, UV and
 * isolation are `null`, for nothing in a spectrum measures them, and nothing measured is no
 * PASS (b11). `parity` adds what the reference computes from the
 * thresholds themselves, so that these three gates cannot fail (b3): Δ = (k/√n)·½·(1 + 0.2·(1 − c)),
 * bounds of 100·λ1 and 20·λ_int from above (b6), isolation 0.02·(1 − C_geo)·C_int; ε_fit = max(0.05, ½·min(C_geo, C_int)),
 * which loosens; and it takes a capacity of 0 for an unset one (b8).
 *
 * Throws a RangeError on a capacity outside [0, 1] and, in the sound form, on correlators of different lengths.
 */
export function gateMetrics(input: MetricInput): GateMetrics {
  checkCapacity(input.capacity);
  return input.parity ? referenceMetrics(input) : soundMetrics(input);
}

function soundMetrics(input: MetricInput): GateMetrics {
  const { capacity, correlators } = input;
  if (correlators !== null && correlators.full.length !== correlators.filtered.length) {
    const { full, filtered } = correlators;
    throw new RangeError(`correlators: must have equal lengths, got ${full.length} and ${filtered.length}`);
  }
  return {
    ...spectral(input),
    ...(fitOf(input) ?? { fitError: null, fitErrorMax: null }),
    fitThreshold: correlators === null ? DIMENSION_TOLERANCE : fitThreshold(FIT_THRESHOLD, capacity.geo),
    uvMaxLambda1: null,
    uvMaxLambdaInt: null,
    overlapDelta: null,
    isolation: null,
  };
}

function referenceMetrics(input: MetricInput): GateMetrics {
  const { capacity, dims, correlators } = input;
  const comparable = correlators !== null && correlators.full.length === correlators.filtered.length;
  const measured = { ...input, correlators: comparable ? correlators : null };
  const scalars = spectral(input);
  const modes = scalars.modes || ASSUMED_MODES * dims;
  const fit = fitOf(measured);
  const [geo, int] = [capacity.geo || 1, capacity.int || 1];
  const capacities = capacity.geo !== null && capacity.int !== null;
  return {
    ...scalars,
    modes,
    ...(fit ?? { fitError: 0, fitErrorMax: 0 }),
    fitThreshold: fit === null ? 0.5 : comparable ? Math.max(0.05, 0.5 * Math.min(geo, int)) : DIMENSION_TOLERANCE,
    uvMaxLambda1: Math.max(1, 100 * scalars.lambda1),
    uvMaxLambdaInt: Math.max(10, 20 * (scalars.lambdaInt ?? 10)),
    overlapDelta: (GLUING_K / Math.sqrt(modes)) * 0.5 * (1 + 0.2 * (1 - geo * int)),
    isolation: capacities ? 0.02 * (1 - (capacity.geo ?? 0)) * (capacity.int ?? 0) : 0.01,
  };
}

function spectral({ spectrum }: MetricInput) {
  const scalars = spectrumScalars(spectrum);
  return {
    modes: modeCount(spectrum),
    lambda1: scalars?.lambda1 ?? 0,
    lambdaMax: scalars?.lambdaMax ?? 0,
    lambdaInt: scalars?.lambdaInt ?? null,
    deltaLambda: scalars?.deltaLambda ?? null,
    gluingK: GLUING_K,
    isolationThreshold: ISOLATION_THRESHOLD,
  };
}

/** RMS of the difference of the correlators, else mean |d_s − C_geo·D|; `null` with neither. */
function fitOf({ correlators, dimensions, capacity, dims }: MetricInput) {
  if (correlators !== null) {
    const errors = correlators.full.map((value, i) => Math.abs(value - at(correlators.filtered, i)));
    return { fitError: Math.sqrt(mean(errors.map((error) => error * error))), fitErrorMax: Math.max(...errors) };
  }
  if (dimensions === null || dimensions.length === 0) return null;
  const errors = dimensions.map((value) => Math.abs(value - (capacity.geo ?? 1) * dims));
  return { fitError: mean(errors), fitErrorMax: Math.max(...errors) };
}
