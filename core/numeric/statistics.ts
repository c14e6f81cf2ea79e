/** Sum by halves: the rounding error grows with ln n and not with n. */
export function sum(values: ArrayLike<number>, from = 0, to = values.length): number {
  if (to - from <= 8) {
    let total = 0;
    for (let i = from; i < to; i++) total += values[i] ?? 0;
    return total;
  }
  const middle = from + ((to - from) >> 1);
  return sum(values, from, middle) + sum(values, middle, to);
}

/** Arithmetic mean; NaN of nothing. */
export const mean = (values: ArrayLike<number>): number => sum(values) / values.length;

/** √(mean of squared deviations), the population form (ddof = 0); NaN of nothing. */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
}

/** Linear interpolation between order statistics at rank q·(n − 1) (type 7 of Hyndman and Fan). NaN of nothing; throws a RangeError for q outside [0, 1]. */
export function quantile(values: ArrayLike<number>, q: number): number {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`q: must be in [0, 1], got ${q}`);
  const sorted = Float64Array.from(values).sort();
  const rank = q * (sorted.length - 1);
  const below = sorted[Math.floor(rank)] ?? Number.NaN;
  const above = sorted[Math.ceil(rank)] ?? Number.NaN;
  return below + (rank - Math.floor(rank)) * (above - below);
}

/** The middle order statistic, or the mean of the two middle ones; NaN of nothing. */
export const median = (values: ArrayLike<number>): number => quantile(values, 0.5);

/** Pearson's r = Σ dx·dy / √(Σ dx²·Σ dy²) of two series of equal length; NaN where one of them is constant. */
export function correlation(x: readonly number[], y: readonly number[]): number {
  const [meanX, meanY] = [mean(x), mean(y)];
  const deviations = x.map((value, i) => [value - meanX, (y[i] ?? Number.NaN) - meanY] as const);
  const xx = sum(deviations.map(([dx]) => dx * dx));
  const yy = sum(deviations.map(([, dy]) => dy * dy));
  return sum(deviations.map(([dx, dy]) => dx * dy)) / Math.sqrt(xx * yy);
}
