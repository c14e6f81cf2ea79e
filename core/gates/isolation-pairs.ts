import { type NamedLoad, separateLoads, varies } from './collinear-loads.ts';
import { clamp, lagOneCorrelation, partialCorrelations } from './partial-correlation.ts';

/** Changes from tick to tick that are needed before anything is said (MATHS §B4). */
export const MIN_DIFFERENCES = 30;
/** One-sided 95 % quantile of the normal distribution. */
const ONE_SIDED_Z = 1.645;
/** Bound of the product of two autocorrelations. */
const AUTOCORRELATION_MAX = 0.9;

export interface VictimSeries {
  /** y: mean ln(latency) of the victim per tick; NaN = missing. */
  readonly meanLog: readonly number[];
  /** x_o: the victim's own load per tick; NaN = missing. */
  readonly ownLoad: readonly number[];
  /** x_A: load of the other tenants per tick; NaN = missing. */
  readonly others: readonly NamedLoad[];
}

export interface IsolationPair {
  readonly tenant: string;
  /** r_A: partial correlation of the victim's latency with this tenant's load. */
  readonly r: number;
  /** Change of ln(latency) per unit of load, own load and other tenants held. */
  readonly slope: number;
  /** N_e: independent samples that the autocorrelated ones are worth. */
  readonly effectiveSamples: number;
  /** r_lo: lower 95 % bound of r. */
  readonly lowerBound: number;
  /** r_lo² where it is positive, else 0: share of the latency's variance that is due to this tenant. */
  readonly value: number;
}

export type IsolationPairs =
  | { readonly status: 'UNKNOWN'; readonly reason: PairsReason; readonly differences: number }
  | {
      readonly status: 'JUDGED';
      readonly pairs: readonly IsolationPair[];
      /** Why some tenant could not be judged; `null` if all were. */
      readonly unresolved: PairsReason | null;
      readonly differences: number;
    };

/**
 * `no_variance`: latency or all loads stand still. `collinear`: the other loads
 * move exactly as the own one. `insufficient_mass`: autocorrelation leaves too
 * few independent samples for the number of tenants.
 */
export type PairsReason = 'warmup' | 'no_variance' | 'collinear' | 'insufficient_mass';

/**
 * Does another tenant's load move the victim's latency? Partial correlations of
 * the tick-to-tick changes given the victim's own load and all other tenants
 * (MATHS §B4). Differencing takes out what all follow, such as the time of day.
 * Unchanged when any series is rescaled.
 */
export function isolationPairs(victim: VictimSeries): IsolationPairs {
  const ticks = differencedTicks(victim);
  const unknown = (reason: PairsReason): IsolationPairs => ({ status: 'UNKNOWN', reason, differences: ticks.length });
  if (ticks.length < MIN_DIFFERENCES) return unknown('warmup');
  const changes = (values: readonly number[]) => ticks.map((t) => (values[t] ?? 0) - (values[t - 1] ?? 0));
  const latency = changes(victim.meanLog);
  const own = changes(victim.ownLoad);
  const { loads, inseparable } = separateLoads(
    own,
    victim.others.map(({ name, load }) => ({ name, load: changes(load) })),
  );
  if (!varies(latency) || (loads.length === 0 && inseparable.length === 0)) return unknown('no_variance');
  if (loads.length === 0) return unknown('collinear');

  const series = [latency, ...(varies(own) ? [own] : []), ...loads.map(({ load }) => load)];
  const correlations = partialCorrelations(series).slice(-loads.length);
  const follows = ticks.map((t, index) => ticks[index - 1] === t - 1);
  const latencyMemory = lagOneCorrelation(latency, follows);
  const pairs = loads.map(({ name, load }, index): IsolationPair => {
    const { r = 0, slope = 0 } = correlations[index] ?? {};
    const effectiveSamples = bartlettSamples(ticks.length, latencyMemory, lagOneCorrelation(load, follows));
    const lowerBound = fisherLowerBound(r, effectiveSamples, series.length);
    return { tenant: name, r, slope, effectiveSamples, lowerBound, value: lowerBound > 0 ? lowerBound ** 2 : 0 };
  });
  const resolved = pairs.filter(({ lowerBound }) => !Number.isNaN(lowerBound));
  if (resolved.length === 0) return unknown('insufficient_mass');
  const unresolved = resolved.length < pairs.length ? 'insufficient_mass' : inseparable.length > 0 ? 'collinear' : null;
  return { status: 'JUDGED', pairs: resolved, unresolved, differences: ticks.length };
}

/** N_e = N(1 − q)/(1 + q), q = product of the lag-one autocorrelations within ±0.9 (Bartlett 1935). */
export function bartlettSamples(samples: number, memoryA: number, memoryB: number): number {
  const q = clamp(memoryA * memoryB, -AUTOCORRELATION_MAX, AUTOCORRELATION_MAX);
  return (samples * (1 - q)) / (1 + q);
}

/**
 * r_lo = tanh(atanh r − 1.645/√(N_e − (p − 2) − 3)): lower 95 % bound of a
 * partial correlation among p series (Fisher). NaN without a degree of freedom left.
 */
export function fisherLowerBound(r: number, effectiveSamples: number, seriesCount: number): number {
  const freedom = effectiveSamples - (seriesCount - 2) - 3;
  return freedom > 0 ? Math.tanh(Math.atanh(r) - ONE_SIDED_Z / Math.sqrt(freedom)) : Number.NaN;
}

/** Ticks at which every series has a value, and had one at the tick before. */
function differencedTicks({ meanLog, ownLoad, others }: VictimSeries): number[] {
  const series = [meanLog, ownLoad, ...others.map(({ load }) => load)];
  const complete = meanLog.map((_, t) => series.every((values) => Number.isFinite(values[t])));
  return complete.flatMap((here, t) => (here && complete[t - 1] === true ? [t] : []));
}
