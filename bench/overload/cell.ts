import type { AnswerTotals } from '../../demo/traffic/answer-counts.ts';

/** Why an answer was allowed to be other than 2xx: what each peer says when it refuses, and a route's time-out. */
const EXPECTED_ERRORS: ReadonlySet<string> = new Set(['503', '504']);

/** One peer at one load in one run. */
export interface Cell {
  readonly peer: string;
  /** Offered over the capacity of the service. */
  readonly load: number;
  readonly offeredRps: number;
  /** 2xx within 1 s, a second. */
  readonly goodputRps: number;
  /** Answers other than 2xx over offered calls. */
  readonly refusedRatio: number;
  readonly p99Ms: number | null;
  /** Answers that no peer should give, transport failures and calls that were never sent. */
  readonly unexpected: number;
}

/** Sums up one measured phase. For Capmesh a refusal without its reason is unexpected. */
export function toCell(peer: string, load: number, seconds: number, totals: AnswerTotals): Cell {
  const unexpected = Object.entries(totals.errors)
    .filter(([cause]) => !(EXPECTED_ERRORS.has(cause) && !(peer === 'capmesh' && cause === '503')))
    .reduce((sum, [, count]) => sum + count, totals.overflow);
  return {
    peer,
    load,
    offeredRps: totals.offered / seconds,
    goodputRps: totals.good / seconds,
    refusedRatio: totals.offered === 0 ? 0 : (totals.offered - totals.ok) / totals.offered,
    p99Ms: totals.p99Ms,
    unexpected,
  };
}

export interface Row {
  readonly peer: string;
  readonly load: number;
  readonly runs: number;
  readonly goodputRps: number;
  /** Goodput over the most that could be had: min(offered, capacity). */
  readonly share: number;
  readonly refusedRatio: number;
  readonly p99Ms: number | null;
  readonly unexpected: number;
}

/** Medians over the runs; unexpected answers add up. Rows in order of load, then peer as first seen. */
export function toRows(cells: readonly Cell[], capacityRps: number): Row[] {
  const groups = new Map<string, Cell[]>();
  for (const cell of cells) {
    const key = `${cell.load}/${cell.peer}`;
    groups.set(key, [...(groups.get(key) ?? []), cell]);
  }
  return [...groups.values()]
    .map((group) => {
      const [{ peer, load }] = group as [Cell];
      const goodputRps = median(group.map((cell) => cell.goodputRps));
      const attainableRps = Math.min(median(group.map((cell) => cell.offeredRps)), capacityRps);
      const latencies = group.flatMap((cell) => (cell.p99Ms === null ? [] : [cell.p99Ms]));
      return {
        peer,
        load,
        runs: group.length,
        goodputRps,
        share: goodputRps / attainableRps,
        refusedRatio: median(group.map((cell) => cell.refusedRatio)),
        p99Ms: latencies.length === 0 ? null : median(latencies),
        unexpected: group.reduce((sum, cell) => sum + cell.unexpected, 0),
      };
    })
    .sort((a, b) => a.load - b.load);
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}
