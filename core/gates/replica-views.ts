import { at } from '../at.ts';
import { median } from '../numeric/statistics.ts';
import { type ComparisonScale, compareHistograms } from './view-disagreement.ts';

/** Views with fewer answers are left out: their distribution is not known yet (MATHS §B2). */
export const MIN_VIEW_SAMPLES = 20;
/** Views that are tried as the suspect of one gate evaluation, those that differ most first. */
const SUSPECTS_TRIED_MAX = 64;
const TIE = 1e-12;

/** Latencies of one service and route as several replicas, zones or sidecars saw them. */
export interface ReplicaViews {
  /** Name of what they all observe, for example `payment` or `payment/refund`. */
  readonly name: string;
  readonly views: readonly ReplicaView[];
}

export interface ReplicaView {
  /** Who observed, for example a node. */
  readonly view: string;
  /** Answers per latency bucket in the window; the buckets are those of `latency-buckets.ts`. */
  readonly histogram: readonly number[];
}

export interface ViewRatio {
  readonly view: string;
  readonly overlap: string;
  /** u of this view against all others together. */
  readonly ratio: number;
}

/** Overlaps with their small views left out; one that keeps fewer than two views is left out with them. */
export function comparableViews(overlaps: readonly ReplicaViews[]): ReplicaViews[] {
  return overlaps
    .map(({ name, views }) => ({ name, views: views.filter((view) => answers(view) >= MIN_VIEW_SAMPLES) }))
    .filter(({ views }) => views.length >= 2);
}

/** How many tests an overlap makes: one per view, yet two views make only one between them. */
export const comparisonCount = ({ views }: ReplicaViews): number => (views.length === 2 ? 1 : views.length);

/**
 * Each view against the pooled rest of its overlap (MATHS §B2): n tests for n
 * views instead of n(n−1)/2, and each has nearly all answers on its other side.
 */
export function viewRatios({ name, views }: ReplicaViews, scale: ComparisonScale): ViewRatio[] {
  const all = pooled(views);
  return views.map(({ view, histogram }) => {
    const rest = all.map((count, bucket) => count - at(histogram, bucket));
    return { view, overlap: name, ratio: compareHistograms(histogram, rest, scale).ratio };
  });
}

/**
 * The view to blame for a disagreement: that without which the largest u over
 * all overlaps is lowest (MATHS §B2). u up to 1 is agreement and counts alike.
 * Among equals it is the one that takes most excess over 1 along, then the one
 * with the highest median u: whoever agrees elsewhere is less suspect. `null` if
 * that leaves several; of two views that differ neither can be told to be wrong.
 */
export function suspectView(overlaps: readonly ReplicaViews[], scale: ComparisonScale): string | null {
  const ratios = overlaps.map((overlap) => viewRatios(overlap, scale));
  const candidates = [...ratiosByView(ratios.flat())]
    .map(([view, own]) => ({ view, highest: Math.max(...own), median: median(own) }))
    .sort((a, b) => b.highest - a.highest)
    .slice(0, SUSPECTS_TRIED_MAX)
    .map((candidate) => ({ ...candidate, ...excessWithout(candidate.view, overlaps, ratios, scale) }));
  const blamed = lowest(
    lowest(
      lowest(candidates, (one) => one.worst),
      (one) => one.total,
    ),
    (one) => -one.median,
  );
  return blamed.length === 1 ? (blamed[0]?.view ?? null) : null;
}

/** Excess of u over 1 that is left without a view: in the worst overlap, and in all together. */
function excessWithout(
  view: string,
  overlaps: readonly ReplicaViews[],
  ratios: readonly (readonly ViewRatio[])[],
  scale: ComparisonScale,
): { readonly worst: number; readonly total: number } {
  const left = overlaps.map((overlap, index) => {
    const views = overlap.views.filter((other) => other.view !== view);
    if (views.length === overlap.views.length) return excess(at(ratios, index));
    return views.length < 2 ? 0 : excess(viewRatios({ ...overlap, views }, scale));
  });
  return { worst: Math.max(0, ...left), total: left.reduce((sum, value) => sum + value, 0) };
}

const excess = (ratios: readonly ViewRatio[]): number => Math.max(0, ...ratios.map(({ ratio }) => ratio - 1));

/** The items that are lowest by a measure, ties included. */
function lowest<T>(items: readonly T[], measure: (item: T) => number): T[] {
  const least = Math.min(...items.map(measure));
  return items.filter((item) => measure(item) <= least + TIE);
}

function ratiosByView(ratios: readonly ViewRatio[]): Map<string, number[]> {
  const byView = new Map<string, number[]>();
  for (const { view, ratio } of ratios) byView.set(view, [...(byView.get(view) ?? []), ratio]);
  return byView;
}

function pooled(views: readonly ReplicaView[]): number[] {
  return (views[0]?.histogram ?? []).map((_, bucket) =>
    views.reduce((total, { histogram }) => total + at(histogram, bucket), 0),
  );
}

const answers = ({ histogram }: ReplicaView): number => histogram.reduce((total, count) => total + count, 0);
