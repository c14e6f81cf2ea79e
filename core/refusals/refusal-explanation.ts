import { describeSize } from '../stability/describe-action.ts';
import type { StabilityActionRecord } from '../stability/stability-action.ts';

/** Why a call was refused and what to do about it; fields of `capmesh.v1.RefusalExplanation`. */
export interface RefusalExplanation {
  /** Names the edge, what limits it, how much of that was used, and the command. */
  readonly sentence: string;
  /** One command that mends it, or shows what has to be mended. */
  readonly command: string;
  /** The gate, budget, grant or part of the mesh that refused. */
  readonly limitedBy: string;
  /** `null` = there is no number. */
  readonly limit: number | null;
  readonly used: number | null;
  /** Of both numbers. */
  readonly unit: string;
}

/** What a refusal came from; `advice` leads to the command, which follows it in backticks. */
export interface RefusalParts extends Omit<RefusalExplanation, 'sentence' | 'limit' | 'used' | 'unit'> {
  readonly facts: string;
  readonly advice: string;
  readonly figures?: Pick<RefusalExplanation, 'limit' | 'used' | 'unit'>;
}

const NO_FIGURES = { limit: null, used: null, unit: '' };

/** Facts, advice and, in backticks, the command. */
export const explanation = ({ facts, advice, command, limitedBy, figures }: RefusalParts): RefusalExplanation => ({
  sentence: `${facts}: ${advice} \`${command}\``,
  command,
  limitedBy,
  ...(figures ?? NO_FIGURES),
});

/** A number with as many digits as say something: 266.7, 0.833, 42. */
export const figure = (value: number): string => String(Number(value.toFixed(Math.abs(value) >= 100 ? 1 : 3)));

/** `throttle a12 (60 % of what it used left; isolation u 1.42, threshold 1)`. */
export const actionWords = ({ kind, id, size, gate, ratio, threshold }: StabilityActionRecord): string =>
  `${kind} ${id} (${describeSize(kind, size)}; ${gate} u ${figure(Number(ratio.toFixed(2)))}, threshold ${figure(threshold)})`;

/** The next larger share of a budget: at least a quarter more, in hundredths; `null` = it has all. */
export function largerShare(share: number | null, wanted = 0): number | null {
  if (share === null || share >= 1) return null;
  return Math.min(1, Math.ceil(100 * Math.max(wanted, 1.25 * share) - 1e-9) / 100);
}
