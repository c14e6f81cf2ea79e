import { at } from '../at.ts';
import { mean, sum } from './statistics.ts';

/**
 * |X_k| of a series less its mean, k = 0 … ⌈n/2⌉ − 1, X_k = Σ_j (x_j − x̄)·exp(−2πi·j·k/n): what the
 * reference's host monitor reads its frequencies from (MATHS §A9). Costs n² steps: for windows of up to some hundreds.
 */
export function amplitudeSpectrum(series: readonly number[]): number[] {
  const size = series.length;
  const centre = mean(series);
  const angles = series.map((_, i) => (2 * Math.PI * i) / size);
  const project = (k: number, wave: (angle: number) => number): number =>
    sum(series.map((value, j) => (value - centre) * wave(at(angles, (j * k) % size))));
  return Array.from({ length: Math.ceil(size / 2) }, (_, k) => Math.hypot(project(k, Math.cos), project(k, Math.sin)));
}
