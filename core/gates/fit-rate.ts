import { isAmount, isPositive } from './usable-number.ts';

/** Cells whose model expects fewer calls are pooled into one, which expects at least this many. */
const MIN_EXPECTED_CALLS = 5;
/** More dropped cells than this share make the result unusable (MATHS §B8). */
const MAX_DROPPED_RATIO = 0.05;

export interface FitRateInput {
  /** n_e: calls seen per cell (edge) in the window. */
  readonly observed: readonly number[];
  /** m_e: calls that the model expects, given what the callers handled. */
  readonly expected: readonly number[];
  /** v_e: variance of the model itself. */
  readonly modelVariance: readonly number[];
  /** φ: 1 for Poisson traffic. */
  readonly dispersion: number;
  /** ε_fit. */
  readonly threshold: number;
  /** How many standard errors of the noise the mass must resolve. */
  readonly z: number;
}

export type FitRate = FitRateMass &
  (
    | { readonly status: 'UNKNOWN'; readonly reason: 'insufficient_mass' | 'nonfinite' }
    | {
        readonly status: 'PASS' | 'FAIL';
        /** Debiased Cohen's w. */
        readonly value: number;
        /** w with the sampling noise still in it; for reports. */
        readonly undebiased: number;
        /** ‖n−m‖/‖m‖; for reports only, it hides small edges. */
        readonly frobenius: number;
        readonly ratio: number;
        /** Index of the cell with the largest contribution; the pooled cell comes last. */
        readonly worstCell: number;
        /** Indices of the inputs that make up that cell. */
        readonly worstMembers: readonly number[];
      }
  );

interface FitRateMass {
  /** M = Σ m_e, calls. */
  readonly mass: number;
  /** z·φ·√(2E)/ε²: below it noise alone could fail the gate. */
  readonly massNeeded: number;
  readonly cells: number;
}

interface Cell {
  readonly observed: number;
  readonly expected: number;
  readonly variance: number;
  readonly members: readonly number[];
}

/**
 * Rate part of the fit gate (MATHS §B1): does traffic flow between services in
 * the proportions that were learned?
 * w = √(max(0, Σ(n−m)²/m − Σ(φ + v/m)) / Σm), compared with ε_fit.
 * Unchanged when n and m grow together; UNKNOWN while there is too little traffic.
 */
export function fitRate(input: FitRateInput): FitRate {
  const cells = pooledCells(input);
  const mass = sum(cells.map((cell) => cell.expected));
  const massNeeded = (input.z * input.dispersion * Math.sqrt(2 * cells.length)) / input.threshold ** 2;
  const scale = { mass, massNeeded, cells: cells.length };
  if (droppedRatio(input) > MAX_DROPPED_RATIO || !hasUsableScale(input))
    return { status: 'UNKNOWN', reason: 'nonfinite', ...scale };
  if (cells.length === 0 || !(mass >= massNeeded)) return { status: 'UNKNOWN', reason: 'insufficient_mass', ...scale };

  const contributions = cells.map((cell) => (cell.observed - cell.expected) ** 2 / cell.expected);
  const chiSquared = sum(contributions);
  const noise = sum(cells.map((cell) => input.dispersion + cell.variance / cell.expected));
  const value = Math.sqrt(Math.max(0, chiSquared - noise) / mass);
  const ratio = value / input.threshold;
  const worstCell = contributions.indexOf(Math.max(...contributions));
  return {
    status: !(ratio <= 1) ? 'FAIL' : 'PASS',
    value,
    undebiased: Math.sqrt(chiSquared / mass),
    frobenius:
      Math.hypot(...cells.map((cell) => cell.observed - cell.expected)) /
      Math.hypot(...cells.map((cell) => cell.expected)),
    ratio,
    worstCell,
    worstMembers: cells[worstCell]?.members ?? [],
    ...scale,
  };
}

/** Cells in input order, then the small ones as one. A pool that neither expects nor saw a call says nothing. */
function pooledCells(input: FitRateInput): Cell[] {
  const usable = input.expected.map((_, index) => cellAt(input, index)).filter((cell) => cell !== null);
  const large = usable.filter((cell) => cell.expected >= MIN_EXPECTED_CALLS);
  const small = usable.filter((cell) => cell.expected < MIN_EXPECTED_CALLS);
  const observed = sum(small.map((cell) => cell.observed));
  const expected = sum(small.map((cell) => cell.expected));
  if (observed === 0 && expected === 0) return large;
  const pool: Cell = {
    observed,
    expected: Math.max(expected, MIN_EXPECTED_CALLS),
    variance: sum(small.map((cell) => cell.variance)),
    members: small.flatMap((cell) => cell.members),
  };
  return [...large, pool];
}

function cellAt(input: FitRateInput, index: number): Cell | null {
  const observed = input.observed[index] ?? Number.NaN;
  const expected = input.expected[index] ?? Number.NaN;
  const variance = input.modelVariance[index] ?? Number.NaN;
  const usable = [observed, expected, variance].every(isAmount);
  return usable ? { observed, expected, variance, members: [index] } : null;
}

const hasUsableScale = ({ dispersion, threshold, z }: FitRateInput): boolean =>
  isAmount(dispersion) && isPositive(threshold) && isAmount(z);

function droppedRatio(input: FitRateInput): number {
  const total = input.expected.length;
  if (total === 0) return 0;
  return input.expected.filter((_, index) => cellAt(input, index) === null).length / total;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
