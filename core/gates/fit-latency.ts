export interface LatencyCell {
  /** n_e: answers in the window. */
  readonly count: number;
  /** ȳ_e: mean of ln(latency). */
  readonly meanLog: number;
  /** ŷ_e: the same as the model expects it. */
  readonly expectedMeanLog: number;
  /** s²_e: variance of ln(latency), times the dispersion where answers are not independent. */
  readonly varianceLog: number;
}

/**
 * Latency part of the fit gate (MATHS §B1): request-weighted RMS of the error in
 * ln(latency) with the sampling noise s²/n taken out,
 * √(max(0, Σ p_e((ȳ_e − ŷ_e)² − s²_e/n_e))), p_e = n_e/Σn. Free of units.
 * NaN when there is no answer or an input is not finite.
 *
 * @param errorOf what counts as the error of a cell, ȳ_e − ŷ_e if not given
 */
export function fitLatency(cells: readonly LatencyCell[], errorOf: (cell: LatencyCell) => number = errorLog): number {
  let total = 0;
  for (const { count } of cells) total += count;
  let squared = 0;
  for (const cell of cells) {
    if (cell.count === 0) continue;
    const error = errorOf(cell);
    squared += (cell.count / total) * (error * error - cell.varianceLog / cell.count);
  }
  return total > 0 ? Math.sqrt(Math.max(0, squared)) : Number.NaN;
}

/** ȳ_e − ŷ_e. */
export const errorLog = ({ meanLog, expectedMeanLog }: LatencyCell): number => meanLog - expectedMeanLog;
