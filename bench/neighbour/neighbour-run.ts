import { sumOf } from '../../demo/traffic/answer-counts.ts';
import type { PhaseReport } from '../../demo/traffic/traffic-source.ts';
import type { IsolationNews } from './follow-isolation.ts';

/** The victim's p99 may be this much higher than before, once the neighbour is held (DESIGN §9). */
const P99_FACTOR = 1.5;

export interface NeighbourRun {
  readonly pattern: 'steady' | 'on-off';
  readonly mode: 'acting' | 'shadow';
  /** From the start of the noise, s; `null` = it never did. */
  readonly failedAfterSec: number | null;
  /** Whom the gate blamed first, and whom it acted on. */
  readonly blamed: string;
  readonly confirmedAfterSec: number | null;
  readonly actions: readonly string[];
  /** Of the victim: before the noise, in its first half minute, and after that. */
  readonly p99Ms: { readonly before: number; readonly grace: number; readonly after: number };
  /** Share of the victim's calls that were answered well after the first half minute. */
  readonly victimOk: number;
  /** Acting: the victim is well again. Shadow: it is not. */
  readonly held: boolean;
  /** Answers that nobody should have given. */
  readonly unexpected: number;
}

export interface NeighbourObservation {
  readonly pattern: 'steady' | 'on-off';
  readonly shadow: boolean;
  readonly victim: readonly PhaseReport[];
  readonly noisy: readonly PhaseReport[];
  readonly isolation: readonly IsolationNews[];
  readonly noiseStartMs: number;
}

export function toRun({ pattern, shadow, victim, noisy, isolation, noiseStartMs }: NeighbourObservation): NeighbourRun {
  const since = (news: IsolationNews | undefined): number | null =>
    news === undefined ? null : Number(((news.atMs - noiseStartMs) / 1000).toFixed(1));
  const failed = isolation.find(({ what }) => what === 'FAIL');
  const acted = isolation.find(({ what }) => what.endsWith('started'));
  const p99 = (name: string): number => victim.find((phase) => phase.name === name)?.p99Ms ?? Number.NaN;
  const p99Ms = { before: p99('before'), grace: p99('grace'), after: p99('after') };
  const after = victim.find((phase) => phase.name === 'after');
  const isWell = p99Ms.after <= P99_FACTOR * p99Ms.before;
  return {
    pattern,
    mode: shadow ? 'shadow' : 'acting',
    failedAfterSec: since(failed),
    blamed: [failed?.whom ?? '', acted?.whom ?? ''].join(' / '),
    confirmedAfterSec: since(isolation.find(({ what }) => what === 'probe confirmed')),
    actions: [...new Set(isolation.filter(({ what }) => what !== 'FAIL').map(({ what, whom }) => `${what} ${whom}`))],
    p99Ms,
    victimOk: (after?.good ?? 0) / (after?.offered ?? 1),
    held: shadow ? !isWell : isWell,
    unexpected: [...victim, ...noisy].reduce((sum, { errors, overflow }) => sum + sumOf(errors) + overflow, 0),
  };
}
