import { createHash } from 'node:crypto';
import { AXES, type CapacityVector } from '../../core/capacity/capacity-vector.ts';
import { combinedWeights, intWeights, latticeWeights } from '../../core/framework/axis-weights.ts';
import { checkCapacity, isScalar } from '../../core/framework/capacity.ts';
import { geoSweep, geoSweepText } from '../../core/framework/geo-sweep.ts';
import { graphLaplacian, graphSpectrum } from '../../core/framework/graph-spectrum.ts';
import { lanczosQuadrature, quadratureHeat } from '../../core/framework/lanczos-quadrature.ts';
import { ringEigenvalues, torusEigenvalues } from '../../core/framework/lattice-spectrum.ts';
import { hardFilter, powerFilter, softFilter } from '../../core/framework/mode-filters.ts';
import { infiniteRingReturn, latticeLogReturn, logRingReturn } from '../../core/framework/return-probability.ts';
import { plateau, scaling, spectralFlow } from '../../core/framework/spectral-flow.ts';
import { spectrumScalars } from '../../core/framework/spectrum-scalars.ts';
import { amplitudeSpectrum } from '../../core/numeric/amplitude-spectrum.ts';
import { fitLine } from '../../core/numeric/fit-line.ts';
import { gradient } from '../../core/numeric/gradient.ts';
import { geometricGrid } from '../../core/numeric/grid.ts';
import { correlation, mean, median, quantile, standardDeviation } from '../../core/numeric/statistics.ts';
import { logHeatTrace, logReturnProbability, plainSpectrum } from '../../core/substrate/heat-trace.ts';
import { capacityVector, goldenGateMetrics, goldenMultiAxisSweep, goldenPublished } from './framework-sweeps.ts';
import { type GoldenCase, numberOr, numbers, record } from './golden-file.ts';

type Input = GoldenCase['input'];

export const FRAMEWORK_SCHEMA = 'cgp-golden/1';

/** What the framework's reference calls each operation, or the family of a file whose cases name none. */
export const FRAMEWORK_OPERATIONS: Readonly<Record<string, (input: Input, shared: Input) => unknown>> = {
  gradient: ({ x, y }) => gradient(numbers(x), numbers(y)),
  median: (input) => median(numbers(input)),
  mean: (input) => mean(numbers(input)),
  std: (input) => standardDeviation(numbers(input)),
  var: (input) => standardDeviation(numbers(input)) ** 2,
  quantile: ({ v, q }) => quantile(numbers(v), real(q)),
  geomspace: ({ lo, hi, n }) => geometricGrid(real(lo), real(hi), real(n)),
  polyfit1: goldenLine,
  fft_mag_half: (input) => amplitudeSpectrum(numbers(input)),
  corrcoef: ({ x, y }) => correlation(numbers(x), numbers(y)),
  eigenvalues_1d: ({ N }) => refusable(() => ringEigenvalues(real(N))),
  periodic_lattice: goldenTorus,
  'spectral.graph': goldenGraph,
  'spectral.dimension': goldenDimension,
  p1d: ({ N, t }) => numbers(t).map((time) => Math.exp(logRingReturn(real(N))(time))),
  p1d_infinite_lattice: ({ t }) => numbers(t).map(infiniteRingReturn),
  log_return_probability: goldenLatticeReturn,
  'capacity.weights_geo': ({ D, C_geo }) => refusable(() => latticeWeights(real(C_geo), real(D))),
  capacity_weights_int: goldenIntWeights,
  capacity_weights_combined: goldenCombinedWeights,
  validate_capacity_vector: goldenValidation,
  props: goldenProperties,
  'gates.metrics': goldenGateMetrics,
  'sweep.multi_axis': goldenMultiAxisSweep,
  'sweep.published': goldenPublished,
  'sweep.c_geo': goldenGeoSweep,
  'capacity.filters': goldenFilter,
  'spectral.slq': goldenQuadrature,
};

function goldenLine({ x, y }: Input): number[] {
  const { slope, intercept } = fitLine(numbers(x), numbers(y));
  return [slope, intercept];
}

function goldenTorus({ D, N }: Input): unknown {
  return refusable(() => {
    const eigenvalues = [...torusEigenvalues(real(D), real(N))];
    return { eigenvalues, n_vertices: eigenvalues.length, name: `periodic_lattice_D${D}_N${N}` };
  });
}

function goldenGraph(input: Input): unknown {
  const { eigenvalues, components } = graphSpectrum(real(input.n), edges(input));
  const scalars = spectrumScalars(plainSpectrum(eigenvalues));
  return {
    eigenvalues,
    n_components: components,
    lambda1_ref: scalars?.lambda1,
    lambda_max_ref: scalars?.lambdaMax,
    lambda_int_ref: scalars?.lambdaInt,
    delta_lambda_ref: scalars?.deltaLambda,
  };
}

function goldenDimension(input: Input, shared: Input): unknown {
  const scales = numbers(input.sigma ?? shared.sigma);
  const [first = Number.NaN, last = Number.NaN] = numbers(input.window);
  const { eigenvalues } = graphSpectrum(real(input.n), edges(input));
  const logReturn = scales.map(logReturnProbability(eigenvalues));
  const stats = plateau(scales, logReturn, [first, last]);
  const { line, points } = scaling(scales, logReturn, [first, last]);
  const slope = line?.slope ?? Number.NaN;
  return {
    lnP: logReturn,
    ds: spectralFlow(scales, logReturn),
    plateau: { ds_plateau: stats.median, ds_mean: stats.mean, ds_std: stats.deviation, n_points: stats.points },
    regression_ds: stats.regression,
    plateau_iqr: stats.interquartile,
    scaling: {
      r_squared: rounded(line?.rSquared ?? Number.NaN, 6),
      max_residual: rounded(line?.residualMax ?? Number.NaN, 6),
      fitted_slope: rounded(slope, 6),
      fitted_d_eff: rounded(-2 * slope, 4),
      n_points: points,
      ...(line === null ? { warning: 'Too few points in scaling window' } : {}),
    },
  };
}

function goldenLatticeReturn({ N, weights, sigma }: Input): unknown {
  const scales = numbers(sigma);
  const logReturn = scales.map(latticeLogReturn(real(N), numbers(weights)));
  return { lnP: logReturn, P: logReturn.map(Math.exp), ds: spectralFlow(scales, logReturn) };
}

function goldenIntWeights({ eigenvalues, C_int, lambda_thresh_quantile }: Input): unknown {
  const weights = intWeights(plainSpectrum(numbers(eigenvalues)), real(C_int), numberOr(lambda_thresh_quantile, 0.7));
  return [...weights];
}

function goldenCombinedWeights({ eigenvalues, C, mode }: Input): unknown {
  const spectrum = plainSpectrum(numbers(eigenvalues));
  if (mode !== 'min' && mode !== 'multiply' && mode !== 'sequential') throw new RangeError(`mode: ${mode}`);
  return refusable(() => [...combinedWeights(spectrum, capacityVector(C), mode)]);
}

function goldenValidation({ C, strict }: Input): unknown {
  return refusable(() => {
    checkCapacity(capacityVector(C), { strict: strict === true });
    return { ok: true, value: null };
  });
}

function goldenProperties({ C }: Input): unknown {
  const { geo, int, gauge, ptr, obs } = capacityVector(C);
  return {
    to_dict: { C_geo: geo, C_int: int, C_gauge: gauge, C_ptr: ptr, C_obs: obs },
    is_scalar: isScalar(capacityVector(C)),
    has_geo: geo !== null,
    has_int: int !== null,
  };
}

function goldenGeoSweep(input: Input): unknown {
  const { config, scales, window, points, crossings } = geoSweep({
    dims: real(input.D),
    side: real(input.N),
    geoFirst: real(input.C_geo_min),
    geoLast: real(input.C_geo_max),
    geoSteps: real(input.C_geo_steps),
    scaleFirst: real(input.sigma_min),
    scaleLast: real(input.sigma_max),
    scalePoints: real(input.n_sigma),
    windowFirst: real(input.plateau_sigma_lo),
    windowShare: real(input.plateau_sigma_hi_frac),
    overrides: goldenOverrides(input.capacity_overrides),
  });
  return {
    run_id: createHash('sha256').update(geoSweepText(config)).digest('hex').slice(0, 12),
    plateau_window: window,
    C_geo: points.map(({ geo }) => geo),
    ds_plateau: points.map(({ dimension }) => dimension),
    d_eff_nominal: points.map(({ nominalDimension }) => nominalDimension),
    weights: points.map(({ weights }) => weights),
    thresholds: crossings.map(({ dimension, at, bracket }) => ({
      target_dimension: dimension,
      C_geo_threshold: rounded(at, 6),
      bracket: bracket.map((value) => rounded(value, 6)),
    })),
    sigma: scales,
    lnP: points.map(({ logReturn }) => logReturn),
    ds: points.map(({ flow }) => flow),
  };
}

function goldenOverrides(value: unknown): Partial<CapacityVector> | null {
  if (value === null || value === undefined) return null;
  const given = capacityVector(value);
  return Object.fromEntries(AXES.filter((axis) => `C_${axis}` in record(value)).map((axis) => [axis, given[axis]]));
}

function goldenFilter(input: Input): unknown {
  const [eigenvalues, scales, capacity] = [numbers(input.eigenvalues), numbers(input.sigma), real(input.C)];
  const { weights, metadata } = filtered(String(input.filter), eigenvalues, capacity);
  const measure = { ...plainSpectrum(eigenvalues), masses: Float64Array.from(weights) };
  const logReturn = scales.map((scale) => logHeatTrace(measure, scale) - Math.log(eigenvalues.length));
  return {
    weights,
    metadata: { ...metadata, C: capacity, n: eigenvalues.length },
    lnP: logReturn,
    ds: spectralFlow(scales, logReturn),
  };
}

/** `power_d2`: β_max = d0/2; `power_gap`: the settings of the reference's gap experiments. */
function filtered(name: string, eigenvalues: readonly number[], capacity: number) {
  if (name === 'hard') {
    const { weights, kept } = hardFilter(eigenvalues, capacity);
    return { weights, metadata: { filter: 'hard_cutoff', m: kept, floor_fraction: 0.05 } };
  }
  if (name === 'soft') {
    const { weights, edgeRank, width } = softFilter(eigenvalues, capacity);
    const metadata = { filter: 'soft_cutoff', m_eff: edgeRank, s: width, steepness_frac: 0.05, base_fraction: 0.05 };
    return { weights, metadata };
  }
  const dims = Number(/^power_d(\d+)$/.exec(name)?.[1] ?? 2);
  const options =
    name === 'power_gap' ? { dims, betaMax: 1.5, gamma: 0.85, quantile: 0.6 } : { dims, gamma: 1, quantile: 0.5 };
  const { weights, beta, betaMax, scale } = powerFilter(eigenvalues, capacity, options);
  return {
    weights,
    metadata: {
      filter: 'powerlaw_reweight',
      beta: rounded(beta, 6),
      beta_max: betaMax,
      gamma: options.gamma,
      d0: dims,
      lambda0: rounded(scale, 6),
      lambda0_quantile: options.quantile,
    },
  };
}

/** As many steps as the space has directions make the quadrature exact. */
function goldenQuadrature(input: Input): unknown {
  const [start, scales] = [numbers(input.v0), numbers(input.sigma)];
  const laplacian = graphLaplacian(real(input.n), edges(input));
  const quadrature = lanczosQuadrature(laplacian, start, real(input.m));
  const exact = lanczosQuadrature(laplacian, start, start.length);
  return firstSteps({
    alpha: quadrature.projected.diagonal,
    beta: quadrature.projected.off,
    quadrature: scales.map((scale) => quadratureHeat(quadrature, scale)),
    exact_vT_exp_v: scales.map((scale) => quadratureHeat(exact, scale)),
  });
}

/** The reference does not reorthogonalise: its later α and β, and where it stops, are rounding. */
function firstSteps(output: unknown): unknown {
  const { alpha, beta, quadrature, exact_vT_exp_v } = record(output);
  return { alpha: numbers(alpha).slice(0, 2), beta: numbers(beta).slice(0, 1), quadrature, exact_vT_exp_v };
}

/** The part of an output that its file says is to be compared; all of it where no operation is named. */
export const FRAMEWORK_COMPARED: Readonly<Record<string, (output: unknown) => unknown>> = {
  'spectral.slq': firstSteps,
};

/** What the reference answers to an input that it refuses: its kind of error and the text of the first problem. */
function refusable(compute: () => unknown): unknown {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const [first = ''] = error.message.split('; ');
    const message = first.replace(': ', ' ').replace('NaN', 'nan').replace('Infinity', 'inf');
    return { ok: false, error: 'ValueError', message };
  }
}

const edges = ({ edges: list }: Input) =>
  (Array.isArray(list) ? list : []).map(numbers).map(([from = -1, to = -1, weight = 1]) => ({ from, to, weight }));

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

const real = (value: unknown): number => numberOr(value, Number.NaN);
