import { type CapacityVector, UNLIMITED } from '../../core/capacity/capacity-vector.ts';
import { type GateMetrics, gateMetrics } from '../../core/framework/gate-metrics.ts';
import type { FrameworkVerdict } from '../../core/framework/gate-verdicts.ts';
import { selectionSummary } from '../../core/framework/mode-counts.ts';
import { type MultiAxisPoint, multiAxisSweep } from '../../core/framework/multi-axis-sweep.ts';
import { defaultScales } from '../../core/framework/spectral-flow.ts';
import { plainSpectrum } from '../../core/substrate/heat-trace.ts';
import { type GoldenCase, numberOr, numbers, record } from './golden-file.ts';

type Input = GoldenCase['input'];

/** Told with every selection verdict that has no labels. */
const NOTE =
  'danger_count_false_if_truth_present requires truth labels. ' +
  "If you do not provide labels, danger is reported as 'truth unknown'.";

/** Correlators that the reference keeps of a run. */
const KEPT_SCALES = 100;

/** A capacity vector whose axes may be left out. */
export function capacityVector(value: unknown): CapacityVector {
  const given = record(value);
  const axis = (name: string): number | null => (typeof given[name] === 'number' ? given[name] : null);
  const [geo, int, gauge, ptr, obs] = ['C_geo', 'C_int', 'C_gauge', 'C_ptr', 'C_obs'].map(axis);
  return { geo: geo ?? null, int: int ?? null, gauge: gauge ?? null, ptr: ptr ?? null, obs: obs ?? null };
}

export function goldenGateMetrics(input: Input): unknown {
  const { lnP_full: full, lnP_filtered: filtered, effective_dimensions: dimensions } = input;
  const capacity = capacityVector(input.C);
  const metrics = gateMetrics({
    spectrum: plainSpectrum(numbers(input.eigenvalues)),
    dims: real(input.D),
    capacity,
    correlators: full === null ? null : { full: numbers(full), filtered: numbers(filtered) },
    dimensions: dimensions === null ? null : numbers(dimensions),
    parity: true,
  });
  return { ...named(metrics, capacity), G_EFT: kept(full), G_C: kept(filtered) };
}

export function goldenMultiAxisSweep(input: Input): unknown {
  const [first = Number.NaN, last = Number.NaN] = numbers(input.plateau_window);
  const { points } = multiAxisSweep({
    dims: real(input.D),
    side: real(input.N),
    geo: numbers(input.C_geo),
    int: numbers(input.C_int),
    mode: input.mode === 'paired' ? 'paired' : 'grid',
    scales: numbers(input.sigma),
    ...(input.plateau_window === undefined ? {} : { window: [first, last] }),
    parity: true,
  });
  return {
    results: points.map((point) => ({
      ...perCapacity(point),
      d_nominal: point.nominalDimension,
      thresholds: point.crossings.map(({ dimension, at }) => ({
        target: dimension,
        sigma_crossing: at,
        C_geo: point.capacity.geo,
        C_int: point.capacity.int,
      })),
      metrics: { ...named(point.metrics, point.capacity), G_EFT: kept(point.logFull), G_C: kept(point.logFiltered) },
      n_ptr_ge_theta: point.modes.pointerStable,
    })),
  };
}

/** A run of the reference's own command line, whose gates follow from the worst case of its points. */
export function goldenPublished(input: Input): unknown {
  const command = String(input.command).split(' ');
  const { points, metrics, verdicts } = multiAxisSweep({
    dims: argument(command, '--D')?.[0] ?? 3,
    side: argument(command, '--N')?.[0] ?? 64,
    geo: argument(command, '--C-geo') ?? [0.1, 0.25, 0.5, 0.75, 1],
    int: argument(command, '--C-int') ?? [0, 0.5, 1],
    mode: command.includes('--grid') ? 'grid' : 'paired',
    scales: defaultScales(),
    parity: true,
  });
  return {
    run_metrics: named(metrics, UNLIMITED),
    gates: [...verdicts.map((verdict) => gate(verdict, metrics)), selection(points)],
    per_capacity: points.map(perCapacity),
  };
}

const perCapacity = (point: MultiAxisPoint) => ({
  C: {
    C_geo: point.capacity.geo,
    C_int: point.capacity.int,
    C_gauge: point.capacity.gauge,
    C_ptr: point.capacity.ptr,
    C_obs: point.capacity.obs,
  },
  ds_plateau: point.dimension,
  metrics: named(point.metrics, point.capacity),
  summary: {
    n_eigenvalues: point.modes.accessible,
    n_selected: point.modes.selected,
    total_weight: point.modes.totalWeight,
  },
});

const named = (metrics: GateMetrics, capacity: CapacityVector) => ({
  C_geo: capacity.geo ?? 1,
  C_int: capacity.int ?? 1,
  C_gauge: capacity.gauge ?? 1,
  C_ptr: capacity.ptr ?? 1,
  C_obs: capacity.obs ?? 1,
  N_geo: metrics.modes,
  lambda1: metrics.lambda1,
  lambda_max: metrics.lambdaMax,
  lambda_int: metrics.lambdaInt,
  delta_lambda: metrics.deltaLambda,
  uv_max_lambda1: metrics.uvMaxLambda1,
  uv_max_lambda_int: metrics.uvMaxLambdaInt,
  fit_error: metrics.fitError,
  fit_error_max: metrics.fitErrorMax,
  eps_fit: metrics.fitThreshold,
  overlap_delta: metrics.overlapDelta,
  k_glue: metrics.gluingK,
  isolation_metric: metrics.isolation,
  isolation_eps: metrics.isolationThreshold,
});

function gate({ gate: name, status, checks }: FrameworkVerdict, metrics: GateMetrics): unknown {
  const [first] = checks;
  const details = {
    fit: { fit_error: first?.value, eps_fit: first?.threshold },
    gluing: {
      overlap_delta: first?.value,
      threshold: first?.threshold,
      k_glue: metrics.gluingK,
      N_geo: metrics.modes,
    },
    uv: {
      lambdas: checks.map((check) => ({
        name: check.name,
        value: check.value,
        uv_max: check.threshold,
        uv_min: null,
        status: check.status,
      })),
    },
    isolation: { isolation_metric: first?.value, isolation_eps: first?.threshold },
  };
  return { name, status, details: details[name] };
}

/** Without truth labels there is no false selection and no committed error to count. */
function selection(points: readonly MultiAxisPoint[]): unknown {
  const summary = selectionSummary(points.map(({ modes }) => modes));
  return {
    name: 'selection',
    status: summary.status,
    details: {
      n_records: summary.records,
      avg_gap_size: summary.gapSizeMean,
      gap_rate: summary.gapRate,
      selected_rate: summary.selectedRate,
      danger_count_false_if_truth_present: 0,
      danger_count_truth_unknown: summary.truthUnknown,
      committed_error_count: 0,
      note: NOTE,
    },
  };
}

function argument(command: readonly string[], name: string): number[] | undefined {
  const at = command.indexOf(name);
  if (at < 0) return undefined;
  const rest = command.slice(at + 1);
  const end = rest.findIndex((word) => word.startsWith('--'));
  return (end < 0 ? rest : rest.slice(0, end)).map(Number);
}

const kept = (values: unknown): number[] => numbers(values).slice(0, KEPT_SCALES);

const real = (value: unknown): number => numberOr(value, Number.NaN);
