import { at } from '../at.ts';
import { sum } from '../numeric/statistics.ts';
import type { LatticeTrace } from './lattice-trace.ts';
import { modeCount } from './spectrum-scalars.ts';

/** Share of the mean weight above which a mode counts as selected. */
const SELECTED_SHARE = 0.01;
/** θ: pointer score from which a mode counts as stable. */
export const POINTER_THRESHOLD = 0.8;

/** Step-3 record of one capacity vector, as counts of modes (MATHS §A8 a). */
export interface ModeCounts {
  /** A: modes of the lattice. */
  readonly accessible: number;
  /** S: modes whose weight is above 1 % of the mean. */
  readonly selected: number;
  /** Σ of the weights. */
  readonly totalWeight: number;
  /** Selected modes whose pointer score, weight over largest weight, is at least θ = 0.8. */
  readonly pointerStable: number;
}

/** Modes by their weight 1 + C_int·b(λ) (MATHS §A8 a). */
export function modeCounts({ spectrum, boost }: LatticeTrace, int: number): ModeCounts {
  const { masses } = spectrum;
  const weights = boost.map((value) => 1 + int * value);
  const accessible = modeCount(spectrum);
  const totalWeight = sum(weights.map((weight, k) => weight * at(masses, k)));
  const largest = weights.reduce((most, weight) => Math.max(most, weight), 0);
  const count = (holds: (weight: number) => boolean): number =>
    sum(weights.map((weight, k) => (holds(weight) ? at(masses, k) : 0)));
  const isSelected = (weight: number): boolean => weight > (SELECTED_SHARE * totalWeight) / accessible;
  return {
    accessible,
    selected: count(isSelected),
    totalWeight,
    pointerStable: count((weight) => isSelected(weight) && weight / largest >= POINTER_THRESHOLD),
  };
}

/** Step-3 verdict over a sweep without truth labels (MATHS §A8 a). */
export interface SelectionSummary {
  readonly records: number;
  /** Mean over records of |A \ S| modes. */
  readonly gapSizeMean: number;
  /** Records with a gap over all records. */
  readonly gapRate: number;
  /** Mean of |S| over |A|. */
  readonly selectedRate: number;
  /** Selected modes with a stable pointer of which nothing says whether they are true. */
  readonly truthUnknown: number;
  /** PASS asks for no danger and no unknown truth; without labels nothing can fail. */
  readonly status: 'PASS' | 'SKIP';
}

/** Sums up the records of a sweep (MATHS §A8 a); shares and means are NaN without records. */
export function selectionSummary(records: readonly ModeCounts[]): SelectionSummary {
  const total = (value: (record: ModeCounts) => number): number => sum(records.map(value));
  const truthUnknown = total(({ pointerStable }) => pointerStable);
  return {
    records: records.length,
    gapSizeMean: total(({ accessible, selected }) => accessible - selected) / records.length,
    gapRate: total(({ accessible, selected }) => (accessible > selected ? 1 : 0)) / records.length,
    selectedRate: total(({ accessible, selected }) => selected / accessible) / records.length,
    truthUnknown,
    status: truthUnknown === 0 ? 'PASS' : 'SKIP',
  };
}
