import { at } from '../at.ts';
import { type CapacityVector, UNLIMITED } from '../capacity/capacity-vector.ts';
import { latticeWeights } from './axis-weights.ts';
import { checkCapacity } from './capacity.ts';
import { type Crossing, dimensionCrossings } from './dimension-crossings.ts';
import { type GateMetrics, gateMetrics, type Parity } from './gate-metrics.ts';
import { type FrameworkVerdict, gateVerdicts, worstMetrics } from './gate-verdicts.ts';
import { type LatticeTrace, latticeTrace, logReturnUnder } from './lattice-trace.ts';
import { type ModeCounts, modeCounts } from './mode-counts.ts';
import {
  defaultScales,
  finiteSizeLimit,
  plateauMedian,
  plateauWindow,
  spectralFlow,
  WINDOW,
  type Window,
} from './spectral-flow.ts';

/** A sweep of C_geo and C_int on a torus of D dimensions and side N (MATHS §A8). */
export interface MultiAxisOptions extends Parity {
  /** D. */
  readonly dims: number;
  /** N. */
  readonly side: number;
  /** Each in [0, 1]. */
  readonly geo: readonly number[];
  readonly int: readonly number[];
  /** `grid`: every pair; `paired`: first with first, and so on. */
  readonly mode: 'grid' | 'paired';
  /** Diffusion times, default 400 in [0.1, 200]. */
  readonly scales?: readonly number[];
  /** Default `plateauWindow(N)`. */
  readonly window?: Window;
}

export interface MultiAxisPoint {
  readonly capacity: CapacityVector;
  /** d_s of the filtered correlator on the plateau. */
  readonly dimension: number;
  /** C_geo·D. */
  readonly nominalDimension: number;
  /** Diffusion times at which d_s passes each half-integer. */
  readonly crossings: readonly Crossing[];
  readonly metrics: GateMetrics;
  readonly modes: ModeCounts;
  /** ln P_full and ln P_filtered by scale. */
  readonly logFull: readonly number[];
  readonly logFiltered: readonly number[];
}

export interface MultiAxisSweep {
  readonly points: readonly MultiAxisPoint[];
  /** Worst case over the points. */
  readonly metrics: GateMetrics;
  readonly verdicts: readonly FrameworkVerdict[];
}

/**
 * Correlators, spectral dimension and gates for each capacity vector (MATHS §A8).
 *
 * G_EFT is ln P of the whole lattice; G_C that of Σ_d w_d(C_geo)·L_d, its modes
 * weighted by C_int; both normalised, with exp(−s·λ). `parity` reproduces the reference's
 * runner: exp(−s²·λ), which doubles d_s (A10 b1); C_geo nowhere in the correlator (b2); sums
 * that are not normalised; pairs cut to the shorter list; a window without its limits; and its
 * gates (see `gateMetrics`, `gateVerdicts`).
 *
 * Works on distinct levels and factorised returns: N = 64, D = 3 takes well below a second a value of C_geo.
 * Throws one RangeError on a capacity outside [0, 1] and on paired lists of different lengths.
 */
export function multiAxisSweep(options: MultiAxisOptions): MultiAxisSweep {
  const { dims, side, parity = false, scales = defaultScales() } = options;
  const window = options.window ?? (parity ? [WINDOW.first, finiteSizeLimit(side)] : plateauWindow(side));
  const capacities = capacityVectors(options);
  const times = parity ? scales.map((scale) => scale * scale) : scales;
  const whole = latticeTrace(side, latticeWeights(1, dims), times);
  const traces = new Map<number, LatticeTrace>([[1, whole]]);
  const traceOf = (geo: number): LatticeTrace => {
    const known = traces.get(geo);
    if (known !== undefined) return known;
    const trace = latticeTrace(side, latticeWeights(geo, dims), times);
    traces.set(geo, trace);
    return trace;
  };
  const offset = parity ? dims * Math.log(side) : 0;
  const logFull = whole.logReturn.map((value) => value + offset);
  const points = capacities.map((capacity) => {
    const geo = capacity.geo ?? 1;
    const trace = parity ? whole : traceOf(geo);
    const logFiltered = logReturnUnder(trace, capacity.int ?? 0).map((value) => value + offset);
    const flow = spectralFlow(scales, logFiltered);
    return {
      capacity,
      dimension: plateauMedian(scales, flow, window),
      nominalDimension: (parity && geo === 0 ? 1 : geo) * dims,
      crossings: dimensionCrossings(scales, flow, dims),
      metrics: gateMetrics({
        spectrum: whole.spectrum,
        dims,
        capacity,
        correlators: { full: logFull, filtered: logFiltered },
        dimensions: null,
        parity,
      }),
      modes: modeCounts(trace, capacity.int ?? 0),
      logFull,
      logFiltered,
    };
  });
  const metrics = worstMetrics(points.map((point) => point.metrics));
  return { points, metrics, verdicts: gateVerdicts(metrics, { parity }) };
}

function capacityVectors({ geo, int, mode, parity = false }: MultiAxisOptions): CapacityVector[] {
  if (mode === 'paired' && !parity && geo.length !== int.length) {
    throw new RangeError(`geo, int: paired lists must have equal lengths, got ${geo.length} and ${int.length}`);
  }
  const pairs =
    mode === 'grid'
      ? geo.flatMap((cGeo) => int.map((cInt) => [cGeo, cInt] as const))
      : geo.slice(0, int.length).map((cGeo, i) => [cGeo, at(int, i)] as const);
  if (pairs.length === 0) throw new RangeError('geo, int: must not be empty');
  const vectors = pairs.map(([cGeo, cInt]) => ({ ...UNLIMITED, geo: cGeo, int: cInt }));
  for (const vector of vectors) checkCapacity(vector);
  return vectors;
}
