import { quantile } from '../numeric/statistics.ts';

/** Share of the modes that C = 0 still leaves. */
export const FLOOR_FRACTION = 0.05;
/** Width of the soft edge, in shares of n. */
export const STEEPNESS = 0.05;
/** Eigenvalues up to this are zero modes. */
const ZERO = 1e-12;

/** Weight g in [0, 1] of each mode of a generic graph under C_geo, eigenvalues ascending (MATHS §A3, option B). */
export interface HardFilter {
  readonly weights: number[];
  /** Modes kept. */
  readonly kept: number;
}

export interface SoftFilter {
  readonly weights: number[];
  /** m_e: rank of the edge. */
  readonly edgeRank: number;
  /** s, in ranks. */
  readonly width: number;
}

export interface PowerFilter {
  readonly weights: number[];
  readonly beta: number;
  /** β at C = 0. */
  readonly betaMax: number;
  /** λ_q. */
  readonly scale: number;
}

export interface PowerOptions {
  /** d0: dimension of the graph; β_max = d0/2 unless given. */
  readonly dims: number;
  readonly betaMax?: number;
  readonly gamma?: number;
  readonly quantile?: number;
}

/** Keeps the m = min(n, max(1, ⌈0.05·n⌉, ⌊C·n⌋)) smallest modes (MATHS §A3). Throws a RangeError unless C is in [0, 1]. */
export function hardFilter(eigenvalues: readonly number[], capacity: number): HardFilter {
  checkFraction(capacity);
  const modes = eigenvalues.length;
  const kept = Math.min(modes, Math.max(1, Math.ceil(FLOOR_FRACTION * modes), Math.floor(capacity * modes)));
  return { weights: eigenvalues.map((_, rank) => (rank < kept ? 1 : 0)), kept };
}

/** g_i = 1/(1 + exp(−(m_e − i)/s)) at rank i, m_e = n·(0.05 + 0.95·C), s = max(0.05·n, 1) (MATHS §A3). Throws a RangeError unless C is in [0, 1]. */
export function softFilter(eigenvalues: readonly number[], capacity: number): SoftFilter {
  checkFraction(capacity);
  const modes = eigenvalues.length;
  const edgeRank = modes * (FLOOR_FRACTION + (1 - FLOOR_FRACTION) * capacity);
  const width = Math.max(STEEPNESS * modes, 1);
  return { weights: eigenvalues.map((_, rank) => 1 / (1 + Math.exp(-(edgeRank - rank) / width))), edgeRank, width };
}

/**
 * g = (1 + λ/λ_q)^(−β), β = β_max·(1 − C^γ), λ_q the q-quantile of the eigenvalues that
 * are not 0 (1 where there are none); β_max = d0/2, γ = 1, q = 0.5. In a scaling
 * window d_s ≈ d − 2β (MATHS §A3). Throws a RangeError unless C is in [0, 1].
 */
export function powerFilter(eigenvalues: readonly number[], capacity: number, options: PowerOptions): PowerFilter {
  checkFraction(capacity);
  const { dims, betaMax = dims / 2, gamma = 1, quantile: q = 0.5 } = options;
  const beta = betaMax * (1 - capacity ** gamma);
  const nonzero = eigenvalues.filter((value) => value > ZERO);
  const scale = nonzero.length === 0 ? 1 : quantile(nonzero, q);
  return { weights: eigenvalues.map((value) => (1 + value / scale) ** -beta), beta, betaMax, scale };
}

function checkFraction(capacity: number): void {
  if (!(capacity >= 0 && capacity <= 1)) throw new RangeError(`C_geo: must be in [0, 1], got ${capacity}`);
}
