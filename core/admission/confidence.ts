/** What came of a prediction. */
export interface AdmissionOutcome {
  /** clean and falsified: of admissions. missed: of a refusal that was proved needless. */
  readonly kind: 'clean' | 'falsified' | 'missed';
  readonly confidence: number;
  /** Tenth of the largest predicted ratio, 0 … 9. */
  readonly tenth: number;
  /** What was decided, for readers; absent in what earlier versions stored. */
  readonly decision?: JudgedDecision | undefined;
}

/** The decision behind an outcome. */
export interface JudgedDecision {
  readonly workload: string;
  readonly ratioMax: number | null;
  /** Monotonic milliseconds. */
  readonly atMs: number;
}

/** Success rate that is assumed before anything was seen, and as how many outcomes it counts (MATHS §B7). */
const PRIOR_RATE = 0.85;
const PRIOR_COUNT = 4;

/** Tenth of a ratio, 0 … 9; 0 where there is none. */
export const tenthOf = (ratio: number | null): number => Math.min(9, Math.max(0, Math.floor(10 * (ratio ?? 0))));

/**
 * That an admission turns out well: (k + 0.85·4)/(n + 4), with k of the n
 * admissions in the same tenth of the largest predicted ratio clean (MATHS §B7).
 * Only what was over when it is asked counts, so that it is out of sample.
 */
export function confidenceAt(outcomes: readonly AdmissionOutcome[], tenth: number): number {
  const same = outcomes.filter((outcome) => outcome.tenth === tenth && outcome.kind !== 'missed');
  const clean = same.filter(({ kind }) => kind === 'clean').length;
  return (clean + PRIOR_RATE * PRIOR_COUNT) / (same.length + PRIOR_COUNT);
}
