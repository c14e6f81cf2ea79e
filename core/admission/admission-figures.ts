import { type AdmissionCaution, cautionAt } from './admission-caution.ts';
import type { AdmissionLedger } from './admission-ledger.ts';
import type { AdmissionOutcome } from './confidence.ts';

/** How well admission predicts (MATHS §B7, Step 3). */
export interface AdmissionFigures {
  readonly pending: number;
  readonly clean: number;
  readonly falsified: number;
  /** Refusals that were proved needless. */
  readonly missed: number;
  readonly dropped: number;
  /** Share of the admissions that turned out well. */
  readonly precision: JudgedShare;
  /** Share of what was safe that was admitted. */
  readonly recall: JudgedShare;
  /** Mean distance of confidence and success rate. */
  readonly calibration: JudgedShare;
  readonly caution: AdmissionCaution;
}

export interface JudgedShare {
  /** `null` without outcomes. */
  readonly value: number | null;
  /** What it is judged by: for shares the lower end of Wilson's interval, one-sided 95 %. */
  readonly bound: number | null;
  readonly status: 'PASS' | 'FAIL' | 'UNKNOWN';
}

/** Least precision and recall, and most calibration error, that pass (MATHS §B7, Step 3). */
export const ADMISSION_GOALS = { precisionMin: 0.85, recallMin: 0.7, calibrationErrorMax: 0.1 } as const;
/** With fewer outcomes nothing is said. */
const OUTCOMES_NEEDED = 20;
const CONFIDENCE_BINS = 5;
const WILSON_Z = 1.645;

/** What the outcomes that are kept say of admission, each figure with its verdict (MATHS §B7, Step 3). */
export function admissionFigures({ pending, outcomes, dropped, cautionLevel }: AdmissionLedger): AdmissionFigures {
  const count = (kind: AdmissionOutcome['kind']): number => outcomes.filter((one) => one.kind === kind).length;
  const [clean, falsified, missed] = [count('clean'), count('falsified'), count('missed')];
  return {
    pending: pending.length,
    clean,
    falsified,
    missed,
    dropped,
    precision: judgeShare(clean, clean + falsified, ADMISSION_GOALS.precisionMin),
    recall: judgeShare(clean, clean + missed, ADMISSION_GOALS.recallMin),
    calibration: judgeCalibration(outcomes),
    caution: cautionAt(cautionLevel),
  };
}

/**
 * Lower end of Wilson's score interval of `part` in `whole`,
 * (p + z²/2n − z√(p(1−p)/n + z²/4n²)) / (1 + z²/n), z = 1.645; NaN for none (Wilson 1927).
 */
export function wilsonLowerBound(part: number, whole: number): number {
  const p = part / whole;
  const half = WILSON_Z ** 2 / (2 * whole);
  return (p + half - WILSON_Z * Math.sqrt((p * (1 - p)) / whole + (half / whole) * 0.5)) / (1 + 2 * half);
}

function judgeShare(part: number, whole: number, min: number): JudgedShare {
  if (whole === 0) return { value: null, bound: null, status: 'UNKNOWN' };
  const bound = wilsonLowerBound(part, whole);
  const status = whole < OUTCOMES_NEEDED ? 'UNKNOWN' : bound >= min ? 'PASS' : 'FAIL';
  return { value: part / whole, bound, status };
}

/**
 * Over five bins of confidence, weighted by their admissions: |mean confidence −
 * success rate|, at most 0.10. The confidences were told before the outcomes.
 */
function judgeCalibration(outcomes: readonly AdmissionOutcome[]): JudgedShare {
  const judged = outcomes.filter(({ kind }) => kind !== 'missed');
  if (judged.length === 0) return { value: null, bound: null, status: 'UNKNOWN' };
  const gaps = new Array<number>(CONFIDENCE_BINS).fill(0);
  for (const { confidence, kind } of judged) {
    const bin = Math.min(CONFIDENCE_BINS - 1, Math.floor(CONFIDENCE_BINS * confidence));
    gaps[bin] = (gaps[bin] ?? 0) + confidence - (kind === 'clean' ? 1 : 0);
  }
  const error = gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / judged.length;
  const status =
    judged.length < OUTCOMES_NEEDED ? 'UNKNOWN' : error <= ADMISSION_GOALS.calibrationErrorMax ? 'PASS' : 'FAIL';
  return { value: error, bound: error, status };
}
