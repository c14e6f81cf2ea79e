/** A step and by how much it is above what is admitted; 0 or less is admitted, Infinity where that cannot be said. */
export interface JudgedStep {
  readonly step: number;
  readonly excess: number;
}

/** Lines may fall so many halvings behind a bisection. */
const HALVINGS_BEHIND_MAX = 4;

/**
 * The last step that is admitted, of those between one that is and one that is
 * not. Tries where a straight line through the two is 0, and halves the weight of
 * an end that stays (regula falsi, Illinois method: Dowell and Jarratt 1971); the
 * middle where lines fall behind a bisection or an excess is no number. `excessAt`
 * must never fall as the step grows: then the answer is that of a bisection.
 */
export function lastAdmitted(admitted: JudgedStep, refused: JudgedStep, excessAt: (step: number) => number): number {
  let [low, high] = [admitted, refused];
  let wasAdmitted: boolean | null = null;
  let allowed = 2 ** HALVINGS_BEHIND_MAX * (high.step - low.step);
  for (; high.step - low.step > 1; allowed /= 2) {
    const step = high.step - low.step > allowed ? middle(low, high) : crossing(low, high);
    const excess = excessAt(step);
    const isAdmitted = excess <= 0;
    const stays = isAdmitted === wasAdmitted ? 0.5 : 1;
    if (isAdmitted) {
      high = { step: high.step, excess: stays * high.excess };
      low = { step, excess };
    } else {
      low = { step: low.step, excess: stays * low.excess };
      high = { step, excess };
    }
    wasAdmitted = isAdmitted;
  }
  return low.step;
}

const middle = (low: JudgedStep, high: JudgedStep): number => Math.floor((low.step + high.step) / 2);

/** Between the two, where a line through them is 0. */
function crossing(low: JudgedStep, high: JudgedStep): number {
  const share = -low.excess / (high.excess - low.excess);
  if (!Number.isFinite(share) || !Number.isFinite(high.excess)) return middle(low, high);
  const step = Math.floor(low.step + share * (high.step - low.step));
  return Math.min(high.step - 1, Math.max(low.step + 1, step));
}
