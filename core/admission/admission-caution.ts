/** How careful admission is: it grows more so when what it was sure of went wrong. */
export interface AdmissionCaution {
  /** Largest component of a grant that is admitted while blind (CONTRACT §E). */
  readonly coldStartMax: number;
  /** A grant is admitted while every predicted ratio is at most 1 − margin (MATHS §B7). */
  readonly marginRatio: number;
}

const COLD_START_MAX = 0.1;
const MARGIN_RATIO = 0.1;
const MARGIN_STEP = 0.05;
/** Grave surprises that still make it more careful; further ones only keep it so. */
export const CAUTION_LEVEL_MAX = 4;

/**
 * The cold-start allowance 0.1/2^level and the margin 0.1 + 0.05·level (MATHS §B7).
 *
 * @param level admissions with high confidence that were falsified lately, 0 … `CAUTION_LEVEL_MAX`
 */
export const cautionAt = (level: number): AdmissionCaution => ({
  coldStartMax: COLD_START_MAX / 2 ** level,
  marginRatio: MARGIN_RATIO + MARGIN_STEP * level,
});
