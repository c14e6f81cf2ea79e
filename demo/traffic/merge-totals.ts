import type { AnswerTotals } from './answer-counts.ts';

/** Counts of several stretches together; quantiles do not add up and are left out. */
export function mergeTotals(parts: readonly AnswerTotals[]): AnswerTotals {
  const sum = (pick: (part: AnswerTotals) => number): number => parts.reduce((total, part) => total + pick(part), 0);
  return {
    offered: sum((part) => part.offered),
    ok: sum((part) => part.ok),
    good: sum((part) => part.good),
    refused: mergeCounts(parts.map((part) => part.refused)),
    errors: mergeCounts(parts.map((part) => part.errors)),
    overflow: sum((part) => part.overflow),
    p50Ms: null,
    p99Ms: null,
  };
}

function mergeCounts(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const merged: Record<string, number> = {};
  for (const part of parts) {
    for (const [key, count] of Object.entries(part)) merged[key] = (merged[key] ?? 0) + count;
  }
  return merged;
}
