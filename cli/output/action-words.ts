import { describeSize } from '../../core/stability/describe-action.ts';
import type { ActionKind } from '../../core/stability/stability-action.ts';
import type { StabilityAction } from '../../proto/gen/capmesh/v1/events.ts';
import { formatDuration } from './format-duration.ts';
import { formatNumber } from './format-number.ts';

/** How much an action does; the bare number of a kind that this version does not know. */
export const sizeWords = ({ kind, size }: StabilityAction): string =>
  (describeSize(kind as ActionKind, size) as string | undefined) ?? formatNumber(size);

/** The verdict that an action was decided by: `fit u 2.31, threshold 1, window 10 s`. */
export const verdictWords = ({ gate, ratio, threshold, windowMs }: StabilityAction): string =>
  `${gate} u ${formatNumber(ratio)}, threshold ${formatNumber(threshold)}, window ${formatDuration(windowMs)}`;

export const SHADOW_WORDS = 'shadow: nothing is enforced';

const END_WORDS: Readonly<Record<string, string>> = {
  recovered: 'its cause is gone',
  expired: 'nothing renewed it',
  cancelled: 'an operator cancelled it',
  'safe-mode': 'safe mode was switched on',
  confirmed: 'the suspicion was confirmed',
  'not-confirmed': 'the suspicion was not confirmed',
};

/** Why an action ended, in words after the cause itself. */
export const endWords = (cause: string): string =>
  END_WORDS[cause] === undefined ? cause : `${cause}: ${END_WORDS[cause]}`;
