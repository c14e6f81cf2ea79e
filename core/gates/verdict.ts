import type { GateStatus, GateVerdict } from './gate-state.ts';

/** Largest ratio reported: keeps an infinite one representable without changing its meaning. */
const MAX_RATIO = 1e6;

type Details = Partial<Pick<GateVerdict, 'worst' | 'evidence'>>;

/**
 * Judges one ratio u = metric over threshold: PASS at 1 and below. A NaN is
 * UNKNOWN, never PASS, and so is a negative number: no metric is one (MATHS §B9).
 */
export function judge(ratio: number, details: Details = {}): GateVerdict {
  const { worst = '', evidence = {} } = details;
  if (!(ratio >= 0)) return unknown('nonfinite', evidence);
  return {
    status: !(ratio <= 1) ? 'FAIL' : 'PASS',
    ratio: Math.min(ratio, MAX_RATIO),
    reason: '',
    worst,
    evidence,
  };
}

/** Nothing can be said, and why; never counts as passing. */
export function unknown(reason: string, evidence: Readonly<Record<string, number>> = {}): GateVerdict {
  return { status: 'UNKNOWN', ratio: null, reason, worst: '', evidence };
}

/** The item with the largest ratio; one that is no ratio comes before all others, so that it cannot pass unseen. */
export function largest<T extends { readonly ratio: number }>(items: readonly T[]): T | null {
  const unusable = items.find(({ ratio }) => !(ratio >= 0));
  return unusable ?? items.reduce<T | null>((best, item) => (item.ratio > (best?.ratio ?? -1) ? item : best), null);
}

/** There is nothing to judge; counts as passing. */
export function notApplicable(reason: string, evidence: Readonly<Record<string, number>> = {}): GateVerdict {
  return { status: 'NOT_APPLICABLE', ratio: null, reason, worst: '', evidence };
}

/**
 * One verdict of the parts of a gate: FAIL if any part fails, else UNKNOWN if
 * any part is unknown, else PASS; NOT_APPLICABLE only if every part is. The
 * ratio and the worst name are those of the part with the largest ratio, the
 * evidence is the union.
 */
export function combine(parts: readonly GateVerdict[]): GateVerdict {
  const evidence: Record<string, number> = {};
  let status: GateStatus = 'NOT_APPLICABLE';
  let largest: GateVerdict | null = null;
  for (const part of parts) {
    Object.assign(evidence, part.evidence);
    if (GRAVITY[part.status] > GRAVITY[status]) status = part.status;
    if (part.ratio !== null && part.ratio > (largest?.ratio ?? -1)) largest = part;
  }
  const reasonOf = parts.find((part) => part.status === status && part.reason !== '');
  return {
    status,
    ratio: largest?.ratio ?? null,
    reason: reasonOf?.reason ?? '',
    worst: largest?.worst ?? '',
    evidence,
  };
}

const GRAVITY: Readonly<Record<GateStatus, number>> = { NOT_APPLICABLE: 0, PASS: 1, UNKNOWN: 2, FAIL: 3 };
