import { GATES, type GateName } from '../gates/gate-state.ts';
import type { GateMetrics, Parity } from './gate-metrics.ts';

export type FrameworkStatus = 'PASS' | 'FAIL' | 'SKIP';

/** One comparison of a gate; `null` = not measured or unbounded. */
export interface GateCheck {
  readonly name: string;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly status: FrameworkStatus;
}

/** A gate fails if one of its checks does, and is skipped if none of them could be made. */
export interface FrameworkVerdict {
  readonly gate: GateName;
  readonly status: FrameworkStatus;
  readonly checks: readonly GateCheck[];
}

/**
 * PASS iff value ≤ threshold; what is missing is SKIP, never silently PASS (MATHS §A7
 * ii). The gluing bound is k/√N_geo, not k·√N_geo (A10 b7); N_geo is a size of the
 * lattice, without statistical meaning in a running system (b19). With `parity` a value of
 * exactly 0 counts as missing (b8). NaN fails.
 */
export function gateVerdicts(metrics: GateMetrics, { parity = false }: Parity = {}): FrameworkVerdict[] {
  const check = (name: string, value: number | null, threshold: number | null): GateCheck => {
    const isMissing = value === null || threshold === null || (parity && (value === 0 || threshold === 0));
    return { name, value, threshold, status: isMissing ? 'SKIP' : value <= threshold ? 'PASS' : 'FAIL' };
  };
  const checks: Readonly<Record<GateName, readonly GateCheck[]>> = {
    fit: [check('fit_error', metrics.fitError, metrics.fitThreshold)],
    gluing: [check('overlap_delta', metrics.overlapDelta, metrics.gluingK / Math.sqrt(metrics.modes))],
    uv: [
      check('lambda1', metrics.lambda1, metrics.uvMaxLambda1),
      check('lambda_int', metrics.lambdaInt, metrics.uvMaxLambdaInt),
    ],
    isolation: [check('isolation_metric', metrics.isolation, metrics.isolationThreshold)],
  };
  return GATES.map((gate) => ({ gate, status: worst(checks[gate]), checks: checks[gate] }));
}

/**
 * Worst case of each field over a sweep: the largest metrics against the smallest
 * ε_fit and isolation threshold – and the largest UV bounds, as the reference has it (MATHS
 * §A8), which makes no difference where they come from the lattice. `null` only
 * where nothing measured it. Throws a RangeError without metrics.
 */
export function worstMetrics(all: readonly GateMetrics[]): GateMetrics {
  const [first] = all;
  if (first === undefined) throw new RangeError('metrics: must not be empty');
  const largest = (pick: (metrics: GateMetrics) => number | null): number | null => {
    const values = all.map(pick).filter((value) => value !== null);
    return values.length === 0 ? null : Math.max(...values);
  };
  return {
    ...first,
    lambda1: largest(({ lambda1 }) => lambda1) ?? 0,
    lambdaInt: largest(({ lambdaInt }) => lambdaInt),
    uvMaxLambda1: largest(({ uvMaxLambda1 }) => uvMaxLambda1),
    uvMaxLambdaInt: largest(({ uvMaxLambdaInt }) => uvMaxLambdaInt),
    fitError: largest(({ fitError }) => fitError),
    fitErrorMax: largest(({ fitErrorMax }) => fitErrorMax),
    fitThreshold: Math.min(...all.map((metrics) => metrics.fitThreshold)),
    overlapDelta: largest(({ overlapDelta }) => overlapDelta),
    isolation: largest(({ isolation }) => isolation),
    isolationThreshold: Math.min(...all.map((metrics) => metrics.isolationThreshold)),
  };
}

function worst(checks: readonly GateCheck[]): FrameworkStatus {
  const statuses = checks.map(({ status }) => status);
  if (statuses.includes('FAIL')) return 'FAIL';
  return statuses.includes('PASS') ? 'PASS' : 'SKIP';
}
