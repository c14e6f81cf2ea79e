import { EigenvalueDecomposition } from 'ml-matrix';
import { at } from '../at.ts';
import { correlationMatrix, type Series } from './partial-correlation.ts';

/** Loads whose correlation matrix is conditioned worse cannot be told apart (MATHS §B4, §B8). */
const CONDITION_MAX = 1e8;

/** Longest name that a verdict carries. */
const NAME_LENGTH_MAX = 130;

export interface NamedLoad {
  readonly name: string;
  readonly load: Series;
}

export interface SeparableLoads {
  /** Each of them varies, and no two of them move as one. */
  readonly loads: readonly NamedLoad[];
  /** Tenants whose load moves exactly as the victim's own does: nothing can be said about them. */
  readonly inseparable: readonly string[];
}

/**
 * Merges loads that always move together, until those that are left can be told
 * apart: cond > 1e8 → the two that dominate the direction of least variance are
 * added up and named `a+b` (MATHS §B4). Loads that never change are left out.
 */
export function separateLoads(own: Series, others: readonly NamedLoad[]): SeparableLoads {
  const varying = others.filter(({ load }) => varies(load));
  const columns = varies(own) ? [own, ...varying.map(({ load }) => load)] : varying.map(({ load }) => load);
  const pair = columns.length < 2 ? null : collinearPair(columns);
  if (pair === null) return { loads: varying, inseparable: [] };
  const [first, second] = pair.map((column) => varying[column - (columns.length - varying.length)]);
  if (first === undefined || second === undefined) {
    const lost = first ?? second;
    const rest = separateLoads(
      own,
      varying.filter((load) => load !== lost),
    );
    return { loads: rest.loads, inseparable: [...(lost === undefined ? [] : [lost.name]), ...rest.inseparable] };
  }
  const merged: NamedLoad = {
    name: `${first.name}+${second.name}`.slice(0, NAME_LENGTH_MAX),
    load: Float64Array.from(first.load, (value, tick) => value + at(second.load, tick)),
  };
  return separateLoads(own, [merged, ...varying.filter((load) => load !== first && load !== second)]);
}

/** Whether a series changes by more than rounding. */
export function varies(values: Series): boolean {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  // Runs over every series of a pool: `for … of` would make an object of each number.
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
  }
  return highest - lowest > 1e-12 * Math.max(Math.abs(lowest), Math.abs(highest));
}

/** Indices of the two columns that move as one, `null` if all can be told apart. */
function collinearPair(columns: readonly Series[]): [number, number] | null {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(correlationMatrix(columns), {
    assumeSymmetric: true,
  });
  const lowest = Math.min(...realEigenvalues);
  if (Math.max(...realEigenvalues) <= CONDITION_MAX * lowest) return null;
  const direction = eigenvectorMatrix.getColumn(realEigenvalues.indexOf(lowest)).map(Math.abs);
  const [first, second] = direction.map((_, index) => index).sort((a, b) => at(direction, b) - at(direction, a));
  return first === undefined || second === undefined ? null : [first, second];
}
