import type { CapacityVector } from '../capacity/capacity-vector.ts';
import { geometricGrid, linearGrid } from '../numeric/grid.ts';
import { type Problem, throwProblems } from '../problem.ts';
import { latticeWeights } from './axis-weights.ts';
import { type Crossing, dimensionCrossings } from './dimension-crossings.ts';
import { latticeLogReturn } from './return-probability.ts';
import { plateauMedian, plateauWindow, SCALES, spectralFlow, WINDOW, type Window } from './spectral-flow.ts';

/** A sweep of C_geo alone on a torus of D dimensions and side N (MATHS §A8). */
export interface GeoSweepOptions {
  /** D. */
  readonly dims: number;
  /** N. */
  readonly side: number;
  /** C_geo, evenly spaced; default 30 values in [0.05, 1]. */
  readonly geoFirst?: number;
  readonly geoLast?: number;
  readonly geoSteps?: number;
  /** Diffusion times; default 400 in [0.1, 200]. */
  readonly scaleFirst?: number;
  readonly scaleLast?: number;
  readonly scalePoints?: number;
  /** Default 5. */
  readonly windowFirst?: number;
  /** Share of N²/4π² that ends the window; default 0.4. */
  readonly windowShare?: number;
  /** Other axes that the reference records; of no effect but on its run id. */
  readonly overrides?: Partial<CapacityVector> | null;
}

export type GeoSweepConfig = Required<GeoSweepOptions>;

export interface GeoPoint {
  readonly geo: number;
  readonly weights: readonly number[];
  /** Σ w_d. */
  readonly nominalDimension: number;
  /** d_s on the plateau: about the number of active axes. */
  readonly dimension: number;
  /** ln P and d_s by scale. */
  readonly logReturn: readonly number[];
  readonly flow: readonly number[];
}

export interface GeoSweep {
  readonly config: GeoSweepConfig;
  readonly scales: readonly number[];
  readonly window: Window;
  readonly points: readonly GeoPoint[];
  /** C_geo at which d_s passes each half-integer. */
  readonly crossings: readonly Crossing[];
}

/** Fills in the defaults. Throws one RangeError that names every C_geo that is not in [0, 1]. */
export function geoSweepConfig(options: GeoSweepOptions): GeoSweepConfig {
  const config = {
    geoFirst: 0.05,
    geoLast: 1,
    geoSteps: 30,
    scaleFirst: SCALES.first,
    scaleLast: SCALES.last,
    scalePoints: SCALES.points,
    windowFirst: WINDOW.first,
    windowShare: WINDOW.share,
    overrides: null,
    ...options,
  };
  const problems: Problem[] = (['geoFirst', 'geoLast'] as const)
    .filter((name) => !(config[name] >= 0 && config[name] <= 1))
    .map((name) => ({ path: name, message: `must be in [0, 1], got ${config[name]}` }));
  throwProblems(problems);
  return config;
}

/**
 * d_s(C_geo): a staircase with a step at every C_geo = k/D, by the factorised return
 * probability (MATHS §A4, §A5). About C·s·D·N/2 exponentials, whatever N^D is.
 * Throws a RangeError on options that are out of range.
 */
export function geoSweep(options: GeoSweepOptions): GeoSweep {
  const config = geoSweepConfig(options);
  const { dims, side, scaleFirst, scaleLast } = config;
  const scales = geometricGrid(scaleFirst, scaleLast, config.scalePoints);
  const window = plateauWindow(side, config.windowFirst, config.windowShare, scaleLast);
  const points = linearGrid(config.geoFirst, config.geoLast, config.geoSteps).map((geo): GeoPoint => {
    const weights = latticeWeights(geo, dims);
    const logReturn = scales.map(latticeLogReturn(side, weights));
    const flow = spectralFlow(scales, logReturn);
    const nominalDimension = weights.reduce((sum, weight) => sum + weight, 0);
    return { geo, weights, nominalDimension, dimension: plateauMedian(scales, flow, window), logReturn, flow };
  });
  const crossings = dimensionCrossings(
    points.map(({ geo }) => geo),
    points.map(({ dimension }) => dimension),
    dims,
  );
  return { config, scales, window, points, crossings };
}

/** The first point of each step of the staircase and the last of the sweep: what the published figures quote. */
export function staircase({ config, points }: GeoSweep): GeoPoint[] {
  const active = ({ weights }: GeoPoint): number => weights.filter((weight) => weight > 0).length;
  return points.filter((point, i) => {
    const before = points[i - 1];
    return before === undefined || active(point) > active(before) || i === config.geoSteps - 1;
  });
}

/**
 * The text whose SHA-256 starts with the reference's run id: the configuration as
 * JSON with sorted keys, fractional quantities with a decimal point (MATHS §A8).
 */
export function geoSweepText(config: GeoSweepConfig): string {
  const overrides = Object.entries(config.overrides ?? {}).map(([axis, value]) => [`C_${axis}`, real(value)] as const);
  return jsonObject([
    ['C_geo_max', real(config.geoLast)],
    ['C_geo_min', real(config.geoFirst)],
    ['C_geo_steps', `${config.geoSteps}`],
    ['D', `${config.dims}`],
    ['N', `${config.side}`],
    ['capacity_overrides', config.overrides === null ? 'null' : jsonObject(overrides.sort(byName))],
    ['n_sigma', `${config.scalePoints}`],
    ['plateau_sigma_hi_frac', real(config.windowShare)],
    ['plateau_sigma_lo', real(config.windowFirst)],
    ['sigma_max', real(config.scaleLast)],
    ['sigma_min', real(config.scaleFirst)],
  ]);
}

const real = (value: number | null): string => (Number.isInteger(value) ? `${value}.0` : `${value}`);

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : 1);

const jsonObject = (fields: readonly (readonly [string, string])[]): string =>
  `{${fields.map(([name, value]) => `"${name}": ${value}`).join(', ')}}`;
