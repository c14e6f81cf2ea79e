import type { Incident } from './incident.ts';
import type { Measured } from './recorded-ticks.ts';

/** From one instant of an incident to the next, ms. */
export const PARTS = [
  'onset → bad answer',
  'bad answer → frame sent',
  'frame sent → received',
  'received → gate fails',
  'gate fails → action',
  'action → acknowledged',
  'acknowledged → effect',
  'bad answer → effect',
] as const;

export type Parts = Readonly<Record<(typeof PARTS)[number], number>>;

/** The lengths of all parts; `null` where one of the instants was never seen. */
export function partsOf(incident: Incident, measured: Measured | undefined): Parts | null {
  const { onsetMs, firstBadMs, reaction, effectMs } = incident;
  if (firstBadMs === null || reaction === null || effectMs === null || measured === undefined) return null;
  const { failedMs, actedMs, acknowledgedMs } = reaction;
  return {
    'onset → bad answer': firstBadMs - onsetMs,
    'bad answer → frame sent': measured.sentMs - firstBadMs,
    'frame sent → received': measured.receivedMs - measured.sentMs,
    'received → gate fails': failedMs - measured.receivedMs,
    'gate fails → action': actedMs - failedMs,
    'action → acknowledged': acknowledgedMs - actedMs,
    'acknowledged → effect': effectMs - acknowledgedMs,
    'bad answer → effect': effectMs - firstBadMs,
  };
}

export interface Quantiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Smallest values that half and 99 % of the values do not exceed. */
export function quantilesOf(valuesMs: readonly number[]): Quantiles {
  const sorted = [...valuesMs].sort((a, b) => a - b);
  const at = (quantile: number): number => Math.round(sorted[Math.ceil(quantile * sorted.length) - 1] ?? Number.NaN);
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}
