/** What two views say about the same thing, compared with what chance alone would do. */
export interface Disagreement {
  /** Δ: KS distance in [0, 1], or the relative difference of two counts in [0, 2]. */
  readonly delta: number;
  /** N before the cap, observations. */
  readonly samples: number;
  /** N_geo(C_geo). */
  readonly samplesMax: number;
  /** N = min(samples, samplesMax). */
  readonly samplesEffective: number;
  /** k/√N. */
  readonly threshold: number;
  /** u = Δ√N/k; passes at 1 and below. NaN without observations. */
  readonly ratio: number;
}

/**
 * N_geo = 10^(2 + 2·C_geo), observations; a null level counts 1 (MATHS §B2,
 * CONTRACT §C). It caps N, so that a difference below k/√N_geo never fails
 * however many calls prove it: 0.03 at C_geo 1 and 0.3 at 0 for k = 3.
 */
export const sampleCap = (geo: number | null): number => 10 ** (2 + 2 * (geo ?? 1));

/**
 * k(m) = √(ln(2m/α)) with α = 2·exp(−k²), which is √(k² + ln m): the whole
 * family of m comparisons then fails by chance as seldom as one with k does
 * (Bonferroni; MATHS §B2).
 */
export const familyK = (k: number, comparisons: number): number => Math.sqrt(k * k + Math.log(comparisons));

/**
 * Kolmogorov–Smirnov distance sup |F_a − F_b| of two histograms over the same
 * buckets, in [0, 1]; NaN if either is empty.
 */
export function ksDistance(a: readonly number[], b: readonly number[]): number {
  const [totalA, totalB] = [sum(a), sum(b)];
  if (totalA === 0 || totalB === 0) return Number.NaN;
  let [belowA, belowB, distance] = [0, 0, 0];
  for (let bucket = 0; bucket < a.length; bucket++) {
    belowA += a[bucket] ?? 0;
    belowB += b[bucket] ?? 0;
    distance = Math.max(distance, Math.abs(belowA / totalA - belowB / totalB));
  }
  return distance;
}

/**
 * Are two latency histograms draws of one distribution? Δ√N ≤ k with Δ the KS
 * distance and N the harmonic mean 2·n_a·n_b/(n_a + n_b) of their sizes, capped
 * by N_geo. Uncapped this is the two-sample Kolmogorov–Smirnov test at level
 * α = 2·exp(−k²); buckets only make it more careful (MATHS §B2a).
 */
export function compareHistograms(
  a: readonly number[],
  b: readonly number[],
  { k, samplesMax }: ComparisonScale,
): Disagreement {
  const [totalA, totalB] = [sum(a), sum(b)];
  return disagreement(ksDistance(a, b), (2 * totalA * totalB) / (totalA + totalB), { k, samplesMax });
}

export interface CountPair {
  /** Attempts that the caller's side sent on the edge; those it refused itself left out. */
  readonly out: number;
  /** Attempts that the callee's side received in the same window. */
  readonly in: number;
  /** B, calls: what may be on the way at the ends of the window, see `inFlightBound`. */
  readonly inFlightBound: number;
}

/**
 * Do both ends of an edge count the same calls?
 * Δ = max(0, |out − in| − B)/((out + in)/2) and N = (out + in)/2, capped by
 * N_geo, compared with k/√N (MATHS §B2b).
 */
export function compareCounts({ out, in: received, inFlightBound }: CountPair, scale: ComparisonScale): Disagreement {
  const mean = (out + received) / 2;
  return disagreement(Math.max(0, Math.abs(out - received) - inFlightBound) / mean, mean, scale);
}

/**
 * B of the counter views (MATHS §B2b): calls in flight at both ends of the
 * window, and those that start within the bound of the clocks' difference
 * (Little: rate × time). Calls; rate per second, skew in seconds.
 */
export const inFlightBound = (startInFlight: number, endInFlight: number, rateRps: number, skewSec: number): number =>
  startInFlight + endInFlight + rateRps * skewSec;

export interface ComparisonScale {
  /** Critical value, already k(m) where several comparisons are judged together. */
  readonly k: number;
  readonly samplesMax: number;
}

function disagreement(delta: number, samples: number, { k, samplesMax }: ComparisonScale): Disagreement {
  const samplesEffective = Math.min(samples, samplesMax);
  const threshold = k / Math.sqrt(samplesEffective);
  return { delta, samples, samplesMax, samplesEffective, threshold, ratio: delta / threshold };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
