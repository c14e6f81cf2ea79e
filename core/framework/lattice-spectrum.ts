import { at } from '../at.ts';
import type { SpectralMeasure } from '../substrate/heat-trace.ts';

/** Modes of a torus that are listed one by one (MATHS §A2). */
export const TORUS_MODES_MAX = 500_000;
/** Sums of levels that are formed at once: bounds the memory of `latticeSpectrum`. */
const LEVEL_SUMS_MAX = 2_000_000;
/** Sums that differ by less are the same level: rounding of the same degenerate eigenvalue. */
const SAME_LEVEL = 1e-12;

/** λ_k = 2·(1 − cos(2πk/N)) = 4·sin²(πk/N), k = 0 … N − 1, in that order: eigenvalues of a ring (MATHS §A2). */
export function ringEigenvalues(side: number): number[] {
  checkSide(side);
  return Array.from({ length: side }, (_, k) => ringLevel(side, Math.min(k, side - k)));
}

/**
 * All N^D sums of D eigenvalues of a ring, ascending: the spectrum of a D-dimensional
 * torus of side N (MATHS §A2). Throws a RangeError above 500 000 modes.
 */
export function torusEigenvalues(dims: number, side: number): Float64Array {
  checkDims(dims);
  const ring = ringEigenvalues(side);
  if (side ** dims > TORUS_MODES_MAX) {
    throw new RangeError(`N^D: must be at most ${TORUS_MODES_MAX} modes, got ${side}^${dims}`);
  }
  let sums = Float64Array.of(0);
  for (let d = 0; d < dims; d++) {
    const wider = new Float64Array(sums.length * side);
    for (let i = 0; i < wider.length; i++) wider[i] = at(sums, Math.floor(i / side)) + at(ring, i % side);
    sums = wider;
  }
  return sums.sort();
}

/** A ring's distinct eigenvalues with their multiplicities. */
export function ringSpectrum(side: number): SpectralMeasure {
  checkSide(side);
  const levels = Math.floor(side / 2) + 1;
  return {
    values: Float64Array.from({ length: levels }, (_, k) => ringLevel(side, k)),
    masses: Float64Array.from({ length: levels }, (_, k) => (k === 0 || 2 * k === side ? 1 : 2)),
  };
}

/**
 * Distinct eigenvalues of Σ_d w_d·L_d on the torus of side N, ascending, with their
 * multiplicities, which sum to N^D (MATHS §A2, §A3). Degenerate levels make this
 * about 40 times shorter than the list of modes (D = 3, N = 64: 6 017 of 262 144).
 * Throws a RangeError on a weight that is not a finite number ≥ 0, and where there are more than 2 million sums.
 */
export function latticeSpectrum(side: number, weights: readonly number[]): SpectralMeasure {
  checkDims(weights.length);
  const ring = ringSpectrum(side);
  return weights.reduce<SpectralMeasure>(
    (spectrum, weight, d) => {
      if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
        throw new RangeError(`weights[${d}]: must be finite and >= 0, got ${weight}`);
      }
      const { values, masses } = spectrum;
      if (weight === 0) return { values, masses: masses.map((mass) => mass * side) };
      return sumsOf(spectrum, { values: ring.values.map((value) => weight * value), masses: ring.masses });
    },
    { values: Float64Array.of(0), masses: Float64Array.of(1) },
  );
}

function sumsOf(a: SpectralMeasure, b: SpectralMeasure): SpectralMeasure {
  const size = a.values.length * b.values.length;
  if (size > LEVEL_SUMS_MAX)
    throw new RangeError(`N, D: must give at most ${LEVEL_SUMS_MAX} sums of levels, got ${size}`);
  const width = b.values.length;
  const sums = Float64Array.from(
    { length: size },
    (_, i) => at(a.values, Math.floor(i / width)) + at(b.values, i % width),
  );
  const order = Uint32Array.from({ length: size }, (_, i) => i).sort((i, j) => at(sums, i) - at(sums, j));
  const values = new Float64Array(size);
  const masses = new Float64Array(size);
  let levels = 0;
  for (const i of order) {
    const value = at(sums, i);
    if (levels === 0 || value - at(values, levels - 1) > SAME_LEVEL * Math.max(1, value)) values[levels++] = value;
    masses[levels - 1] = at(masses, levels - 1) + at(a.masses, Math.floor(i / width)) * at(b.masses, i % width);
  }
  return { values: values.slice(0, levels), masses: masses.slice(0, levels) };
}

const ringLevel = (side: number, k: number): number => 4 * Math.sin((Math.PI * k) / side) ** 2;

function checkSide(side: number): void {
  if (!Number.isInteger(side) || side < 2) throw new RangeError(`N: must be >= 2, got ${side}`);
}

function checkDims(dims: number): void {
  if (!Number.isInteger(dims) || dims < 1) throw new RangeError(`D: must be >= 1, got ${dims}`);
}
