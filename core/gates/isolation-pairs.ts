import { at } from '../at.ts';
import { clamp } from '../clamp.ts';
import { type NamedLoad, separateLoads, varies } from './collinear-loads.ts';
import {
  lagOneCorrelation,
  partialCorrelations,
  type Regressors,
  regressors,
  type Series,
  standardise,
} from './partial-correlation.ts';

/** Changes from tick to tick that are needed before anything is said (MATHS §B4). */
export const MIN_DIFFERENCES = 30;
/** One-sided 95 % quantile of the normal distribution: the bound of one look (MATHS §B4). */
export const ONE_LOOK_Z = 1.645;
/** Bound of the product of two autocorrelations. */
const AUTOCORRELATION_MAX = 0.9;
/** Below this bound of the condition no two loads can move as one; above it a closer look decides. */
const CONDITION_SAFE = 1e7;

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

/** How the loads of a pool change from tick to tick; serves every victim that has a latency at these ticks. */
export interface PoolChanges {
  /** Ticks at which every load has a value, and had one at the tick before. */
  readonly ticks: readonly number[];
  /** Whether the tick before is the one just before in time. */
  readonly follows: readonly boolean[];
  /** Changes of those loads that change at all. */
  readonly loads: readonly (NamedLoad & { readonly memory: number })[];
  readonly given: Regressors;
}

/** Ticks at which every series has a finite value, and had one at the tick before; others count as missing. */
export function differencedTicks(series: readonly Series[]): number[] {
  const length = series[0]?.length ?? 0;
  const complete = new Uint8Array(length).fill(1);
  for (const values of series) {
    for (let t = 0; t < length; t++) if (!isFiniteAt(values, t)) complete[t] = 0;
  }
  const ticks: number[] = [];
  for (let t = 1; t < length; t++) if (complete[t] === 1 && complete[t - 1] === 1) ticks.push(t);
  return ticks;
}

/** First differences of loads at these ticks, from `differencedTicks` (MATHS §B4). Each load in a unit of its own. */
export const poolChanges = (loads: readonly NamedLoad[], ticks: readonly number[]): PoolChanges =>
  prepare(
    loads.map(({ name, load }) => ({ name, load: changes(load, ticks) })),
    ticks,
  );

function prepare(loadChanges: readonly NamedLoad[], ticks: readonly number[]): PoolChanges {
  const follows = ticks.map((t, index) => ticks[index - 1] === t - 1);
  const varying = loadChanges.filter(({ load }) => varies(load));
  const columns = varying.map(({ load }) => standardise(load));
  const loads = varying.map(({ name, load }, i) => ({
    name,
    load,
    memory: lagOneCorrelation(at(columns, i), follows),
  }));
  return { ticks, follows, loads, given: regressors(columns) };
}

/**
 * Does another tenant's load move the victim's latency? Partial correlations of
 * the tick-to-tick changes given the victim's own load and all other tenants
 * (MATHS §B4). Differencing takes out what all follow, such as the time of day.
 * `meanLog` is the victim's mean ln(latency) per tick, `victim` the name of its
 * own load in the pool, `z` the standard errors granted to chance. Unchanged when
 * any series is rescaled.
 */
export function isolationPairs(
  meanLog: Series,
  victim: string,
  pool: PoolChanges,
  z: number = ONE_LOOK_Z,
): IsolationPairs {
  const differences = pool.ticks.length;
  const unknown = (reason: PairsReason): IsolationPairs => ({ status: 'UNKNOWN', reason, differences });
  if (differences < MIN_DIFFERENCES) return unknown('warmup');
  const latency = changes(meanLog, pool.ticks);
  if (!varies(latency) || pool.loads.every(({ name }) => name === victim)) return unknown('no_variance');
  const { separable, inseparable } = separated(victim, pool);
  const pairs = judgePairs(latency, victim, separable, z);
  if (pairs.length === 0) return unknown('collinear');
  const resolved = pairs.filter(({ lowerBound }) => !Number.isNaN(lowerBound));
  if (resolved.length === 0) return unknown('insufficient_mass');
  const unresolved = resolved.length < pairs.length ? 'insufficient_mass' : inseparable ? 'collinear' : null;
  return { status: 'JUDGED', pairs: resolved, unresolved, differences };
}

function judgePairs(latency: Series, victim: string, pool: PoolChanges, z: number): IsolationPair[] {
  const target = standardise(latency);
  const latencyMemory = lagOneCorrelation(target, pool.follows);
  const correlations = partialCorrelations(target, pool.given);
  const pairs: IsolationPair[] = [];
  for (let i = 0; i < correlations.length; i++) {
    const { name, memory } = at(pool.loads, i);
    if (name === victim) continue;
    const { r, slope } = at(correlations, i);
    const effectiveSamples = bartlettSamples(latency.length, latencyMemory, memory);
    const lowerBound = fisherLowerBound(r, effectiveSamples, pool.loads.length + 1, z);
    const value = lowerBound > 0 ? lowerBound ** 2 : 0;
    pairs.push({ tenant: name, r, slope, effectiveSamples, lowerBound, value });
  }
  return pairs;
}

/** The pool with loads that move as one merged, as this victim sees them. */
function separated(
  victim: string,
  pool: PoolChanges,
): { readonly separable: PoolChanges; readonly inseparable: boolean } {
  if (pool.given.condition <= CONDITION_SAFE) return { separable: pool, inseparable: false };
  const own = pool.loads.find(({ name }) => name === victim);
  const others = pool.loads.filter((load) => load !== own);
  const { loads, inseparable } = separateLoads(own?.load ?? [], others);
  const separable = prepare(own === undefined ? loads : [own, ...loads], pool.ticks);
  return { separable, inseparable: inseparable.length > 0 };
}

/** N_e = N(1 − q)/(1 + q), q = product of the lag-one autocorrelations within ±0.9 (Bartlett 1935). */
export function bartlettSamples(samples: number, memoryA: number, memoryB: number): number {
  const q = clamp(memoryA * memoryB, -AUTOCORRELATION_MAX, AUTOCORRELATION_MAX);
  return (samples * (1 - q)) / (1 + q);
}

/**
 * r_lo = tanh(atanh r − z/√(N_e − (p − 2) − 3)): lower bound of a partial
 * correlation among p series (Fisher), 95 % for z = 1.645. NaN without a degree of freedom left.
 */
export function fisherLowerBound(
  r: number,
  effectiveSamples: number,
  seriesCount: number,
  z: number = ONE_LOOK_Z,
): number {
  const freedom = effectiveSamples - (seriesCount - 2) - 3;
  return freedom > 0 ? Math.tanh(Math.atanh(r) - z / Math.sqrt(freedom)) : Number.NaN;
}

/** Whether there is a number at a tick and at the one before. */
export const isChangeAt = (values: Series, t: number): boolean => isFiniteAt(values, t) && isFiniteAt(values, t - 1);

const isFiniteAt = (values: Series, t: number): boolean => Number.isFinite(values[t]);

function changes(values: Series, ticks: readonly number[]): Float64Array {
  const differences = new Float64Array(ticks.length);
  for (let i = 0; i < differences.length; i++) {
    const t = ticks[i] as number;
    differences[i] = (values[t] ?? Number.NaN) - (values[t - 1] ?? Number.NaN);
  }
  return differences;
}
