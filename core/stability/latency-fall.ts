import { at } from '../at.ts';

/** Ticks that a series needs on either side. */
const TICKS_MIN = 5;
/** Standard errors by which latency must have fallen, and by how much at least. */
const ERRORS_NEEDED = 1.5;
const FALL_MIN = Math.log(1.02);

/**
 * Whether ln-latency fell since an intervention: by 2 % at least, and by 1.5
 * standard errors of the two means, each widened for the memory that a queue has
 * from tick to tick (Bartlett, MATHS §B4). `null` = too few ticks to tell.
 */
export function latencyFell(before: readonly number[], after: readonly number[]): boolean | null {
  if (before.length < TICKS_MIN || after.length < TICKS_MIN) return null;
  const fall = mean(before) - mean(after);
  const error = Math.hypot(standardError(before), standardError(after));
  return fall >= Math.max(FALL_MIN, ERRORS_NEEDED * error);
}

/** Standard error of the mean of a series with memory. */
export function standardError(series: readonly number[]): number {
  if (series.length < 2) return Number.POSITIVE_INFINITY;
  const centre = mean(series);
  const variance = sum(series.map((value) => (value - centre) ** 2)) / (series.length - 1);
  if (variance === 0) return 0;
  const products = series.slice(1).map((value, i) => (value - centre) * (at(series, i) - centre));
  const memory = Math.min(0.9, Math.max(0, sum(products) / ((series.length - 1) * variance)));
  return Math.sqrt((variance / series.length) * ((1 + memory) / (1 - memory)));
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
/** Arithmetic mean, in the unit of the values; NaN without any. */
export const mean = (values: readonly number[]): number => sum(values) / values.length;
